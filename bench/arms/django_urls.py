"""The pages of `django_peers`: one guarded by a session, one by a token whose user is read, one by the token alone."""

import json
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer
from rest_framework_simplejwt.views import TokenObtainPairView

from bench.arms.arm import profile


def log_in(request: HttpRequest) -> JsonResponse:
    """Put the member into the session."""
    name = json.loads(request.body)["username"]
    request.session["member"] = {"id": name, "username": name, "role": "user"}
    return JsonResponse({"ok": True})


def show(request: HttpRequest) -> JsonResponse:
    """Show whom the session names."""
    if "member" not in request.session:
        return JsonResponse({"error": "log in"}, status=401)
    return JsonResponse(profile("session", request.session["member"]))


class Profile(APIView):
    """Show whom the token names, as the user table knows them."""

    authentication_classes = (JWTAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Any) -> Response:
        name = request.user.username
        return Response(profile("token", {"id": name, "username": name, "role": "user"}))


class StatelessProfile(Profile):
    """The same page, its user made from the token's claims: no database is asked."""

    authentication_classes = (JWTStatelessUserAuthentication,)


class NamedTokens(TokenObtainPairSerializer):
    """Tokens that carry the name too, as the documentation adds a claim."""

    @classmethod
    def get_token(cls, user: Any) -> Any:
        token = super().get_token(user)
        token["username"] = user.username
        return token


urlpatterns = [
    path("session/login", log_in),
    path("session/profile", show),
    path("token/login", TokenObtainPairView.as_view(serializer_class=NamedTokens)),
    path("token/profile", Profile.as_view()),
    path("token/stateless/profile", StatelessProfile.as_view()),
]
