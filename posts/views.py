"""The publication as readers see it: the same for everyone, without cookies, ready to be cached."""

from typing import Any

from django.conf import settings
from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.db.models import Count, QuerySet
from django.db.models.functions import ExtractYear
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from naatbatt.mail import links
from naatbatt.requests import client_address, personal_page, public_page, refuse_cross_site, within_limit
from posts import newsletter, prose, taking_part
from posts.forms import SearchForm, SubscribeForm
from posts.models import Author, Post, Series, Subscriber, Topic

A_PAGE = 12
HOUR = 3600


def _page(request: HttpRequest, posts: QuerySet[Post], **further: Any) -> dict[str, Any]:
    """One page of `posts` for a template, under `posts` and `page`. A page that is not there is not found."""
    paginator = Paginator(posts, A_PAGE)
    try:
        page = paginator.page(request.GET.get("page", 1))
    except (PageNotAnInteger, EmptyPage) as error:
        raise Http404 from error
    return {"page": page, "posts": page.object_list, **further}


@require_safe
@public_page
def home(request: HttpRequest) -> HttpResponse:
    context = _page(request, Post.objects.published().listed())
    posts = list(context["posts"])
    if context["page"].number == 1 and posts:
        context["latest"], posts = posts[0], posts[1:]
        context["series"] = context["latest"].series
        context["subscribe_form"] = SubscribeForm()
    return render(request, "posts/home.html", {**context, "posts": posts})


@require_safe
@public_page
def series(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Series.objects.begun(), slug=slug)
    context = _page(request, found.posts.published().in_order(), series=found)
    context |= {"invitation": prose.render(found.invitation).html, "ways": taking_part.ways_into(found)}
    return render(request, "posts/series.html", context)


@require_safe
@public_page
def post(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Post.objects.published().listed(), slug=slug)
    return render(request, "posts/post.html", post_context(found))


def post_context(found: Post, *, draft: bool = False) -> dict[str, Any]:
    """What the template of one post needs; the admin's preview asks for it too."""
    parts: list[Post] = []
    if found.series and found.part:
        numbered = found.series.posts.published().exclude(part=None)
        parts = list(numbered.only("slug", "title", "part", "series_id").order_by("part"))
    before = [part for part in parts if part.part < found.part]  # type: ignore[operator]
    after = [part for part in parts if part.part > found.part]  # type: ignore[operator]
    rendered = prose.render(found.body, draft=draft)
    contents = [heading for heading in rendered.contents if heading.level == 2]
    return {
        "post": found,
        "prose": rendered,
        "contents": contents if len(contents) >= 3 else (),
        "minutes": max(1, round(rendered.words / 230)),
        # As many as the highest number that readers can see: "Part 4 of 3" must not be, even while one is withdrawn.
        "parts": max([part.part for part in parts] + [found.part or 0]),  # type: ignore[type-var]
        "previous": before[-1] if before else None,
        "next": after[0] if after else None,
        "subscribe_form": SubscribeForm(),
        "draft": draft,
    }


@require_safe
@public_page
def archive(request: HttpRequest) -> HttpResponse:
    posts = Post.objects.published()
    years = (
        posts.annotate(year=ExtractYear("published_at")).order_by("-year").values("year").annotate(number=Count("pk"))
    )
    return render(request, "posts/archive.html", _page(request, posts.listed(), years=years))


@require_safe
@public_page
def year(request: HttpRequest, year: int) -> HttpResponse:
    if not 1900 <= year <= timezone.now().year + 1:
        raise Http404
    context = _page(request, Post.objects.published().filter(published_at__year=year).listed(), year=year)
    return _listing(request, "posts/year.html", context)


@require_safe
@public_page
def author(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Author, slug=slug)
    context = _page(request, found.posts.published().listed(), author=found)
    return _listing(request, "posts/author.html", {**context, "bio": prose.render(found.bio).html})


@require_safe
@public_page
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Topic, slug=slug)
    context = _page(request, found.posts.published().listed(), topic=found)
    return _listing(request, "posts/topic.html", context)


def _listing(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A list that exists only through its posts: none that readers may see, none to be found."""
    if not context["posts"]:
        raise Http404
    return render(request, template, context)


@require_safe
@public_page
def search(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET or None)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    context: dict[str, Any] = {"form": form, "query": query}
    if query:
        context |= _page(request, Post.objects.published().search(query).listed())
    if not context.get("posts"):
        context["topics"] = Topic.objects.filter(posts__in=Post.objects.published()).distinct()[:20]
    return render(request, "posts/search.html", context)


# --- newsletter ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@refuse_cross_site
@public_page
def subscribe(request: HttpRequest) -> HttpResponse:
    """Whatever is entered, the answer is the same: nobody learns here who is on the list."""
    if request.method != "POST":
        return render(request, "posts/subscribe.html", {"form": SubscribeForm()})
    form = SubscribeForm(request.POST)
    if form.is_valid():
        email = newsletter.normalise(form.cleaned_data["email"])
        if not within_limit(f"subscribe:from:{client_address(request)}", most=20, seconds=HOUR):
            form.add_error("email", _("There were many sign-ups from your connection. Please try again in an hour."))
        else:
            if not form.is_from_a_machine and within_limit(f"subscribe:to:{email}", most=5, seconds=24 * HOUR):
                newsletter.subscribe(email=email)
            return redirect("posts:subscribe_asked")
    return render(request, "posts/subscribe.html", {"form": form})


@require_safe
@public_page
def subscribe_asked(request: HttpRequest) -> HttpResponse:
    return render(request, "posts/subscribe_asked.html")


@require_http_methods(["GET", "HEAD", "POST"])
@personal_page
@refuse_cross_site
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link changes nothing (mail scanners open every link); pressing the button confirms."""
    subscriber = Subscriber.objects.filter(confirm_digest=links.digest(token)).first()
    if subscriber and request.method == "POST":
        newsletter.confirm(subscriber=subscriber)
        return _back_to_itself(request)
    return _personal(request, "posts/confirm.html", subscriber)


@require_http_methods(["GET", "HEAD", "POST"])
@personal_page
@refuse_cross_site
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A page with a button, and the address that mail programs post to by themselves (RFC 8058)."""
    subscriber = Subscriber.objects.filter(unsubscribe_digest=links.digest(token)).first()
    if subscriber and request.method == "POST":
        newsletter.unsubscribe(subscriber=subscriber)
        if request.POST.get("List-Unsubscribe") == "One-Click":
            return HttpResponse(_("Unsubscribed.") + "\n", content_type="text/plain; charset=utf-8")
        return _back_to_itself(request)
    return _personal(request, "posts/unsubscribe.html", subscriber)


def _back_to_itself(request: HttpRequest) -> HttpResponse:
    page = redirect(request.path)
    page.status_code = 303
    return page


def _personal(request: HttpRequest, template: str, subscriber: Subscriber | None) -> HttpResponse:
    if subscriber is None:
        return render(request, "posts/unknown_link.html", status=404)
    return render(request, template, {"subscriber": subscriber})


# --- for machines ----------------------------------------------------------------------------------------------------


@require_safe
@public_page
def robots(request: HttpRequest) -> HttpResponse:
    """Lists are open; what needs a personal link or an account is nobody's to index."""
    closed = "".join(f"Disallow: {path}\n" for path in ("/a/", "/n/", "/u/", "/v/", "/admin/", "/search/"))
    sitemap = settings.SITE_URL + reverse("posts:sitemap")
    return HttpResponse(f"User-agent: *\n{closed}\nSitemap: {sitemap}\n", content_type="text/plain; charset=utf-8")
