from django.urls import path

from surveys import open_pages, views

app_name = "surveys"
urlpatterns = [
    path("a/<str:token>/", views.answer, name="answer"),
    path("a/<str:token>/thanks/", views.thanks, name="thanks"),
    path("views/<slug:slug>/", open_pages.offer_view, name="offer_view"),
    path("views/<slug:slug>/offered/", open_pages.view_offered, name="view_offered"),
    path("v/<str:token>/", open_pages.open_view, name="open_view"),
]
