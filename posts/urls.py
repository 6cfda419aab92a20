from django.contrib.sitemaps.views import sitemap
from django.urls import path
from django.views.decorators.http import require_safe

from naatbatt.requests import public_page
from posts import feeds, views
from posts.sitemaps import SITEMAPS

app_name = "posts"
urlpatterns = [
    path("", views.home, name="home"),
    path("series/<slug:slug>/", views.series, name="series"),
    path("series/<slug:slug>/feed/", feeds.series_feed, name="series_feed"),
    path("posts/<slug:slug>/", views.post, name="post"),
    path("archive/", views.archive, name="archive"),
    path("archive/<int:year>/", views.year, name="year"),
    path("authors/<slug:slug>/", views.author, name="author"),
    path("topics/<slug:slug>/", views.topic, name="topic"),
    path("search/", views.search, name="search"),
    path("feed/", feeds.feed, name="feed"),
    path("newsletter/", views.subscribe, name="subscribe"),
    path("newsletter/asked/", views.subscribe_asked, name="subscribe_asked"),
    path("n/<str:token>/", views.confirm, name="confirm"),
    path("u/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("sitemap.xml", require_safe(public_page(sitemap)), {"sitemaps": SITEMAPS}, name="sitemap"),
    path("robots.txt", views.robots, name="robots"),
]
