"""The pages of `django_peers`: guarded by a session, by a token with a user look-up, and by a token alone."""

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
    """Log the member in by session."""
    name = json.loads(request.body)["username"]
    request.session["member"] = {"id": name, "username": name, "role": "user"}
    return JsonResponse({"ok": True})


def show(request: HttpRequest) -> JsonResponse:
    """Show the session's member."""
    if "member" not in request.session:
        return JsonResponse({"error": "log in"}, status=401)
    return JsonResponse(profile("session", request.session["member"]))


class Profile(APIView):
    """Show the token's member, from the user table."""

    authentication_classes = (JWTAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Any) -> Response:
        name = request.user.username
        return Response(profile("token", {"id": name, "username": name, "role": "user"}))


class StatelessProfile(Profile):
    """The same page. The user comes from the token's claims, without a query."""

    authentication_classes = (JWTStatelessUserAuthentication,)


class NamedTokens(TokenObtainPairSerializer):
    """Tokens that also contain the name, added as the documentation shows."""

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
