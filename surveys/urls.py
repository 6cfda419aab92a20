from django.urls import path

from surveys import open_pages, views

app_name = "surveys"
urlpatterns = [
    path("a/<str:token>/", views.answer, name="answer"),
    path("a/<str:token>/<int:number>/", views.page, name="page"),
    path("a/<str:token>/save/", views.save, name="save"),
    path("a/<str:token>/review/", views.review, name="review"),
    path("a/<str:token>/thanks/", views.thanks, name="thanks"),
    path("a/<str:token>/late/", views.send_late, name="late"),
    path("a/<str:token>/history/", views.history, name="history"),
    path("a/<str:token>/answers.pdf", views.pdf, name="pdf"),
    path("a/<str:token>/leave/", views.leave, name="leave"),
    path("a/<str:token>/colleague/", views.colleague, name="colleague"),
    path("views/<slug:slug>/", open_pages.offer_view, name="offer_view"),
    path("views/<slug:slug>/offered/", open_pages.view_offered, name="view_offered"),
    path("v/<str:token>/", open_pages.open_view, name="open_view"),
]
