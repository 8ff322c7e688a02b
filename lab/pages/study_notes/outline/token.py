"""The notes' second chapter: tokens."""

from lab.pages.study_notes.differences import CAN_BE_TAKEN_BACK, STATE_HAS_MOVED
from lab.pages.study_notes.statement import Chapter, Statement, Topic, Words

TOKEN = Chapter(
    "token",
    Words("토큰이란", "What a token is"),
    (
        Topic(
            Words("토큰이 오가는 과정", "How it travels"),
            (
                Statement(
                    13,
                    "/walkthrough/token/login",
                    ("inside sign", "response body", '"access_token":"'),
                    "사용자가 인증에 성공하면 서버가 토큰을 만들어 클라이언트에게 발급합니다.",
                    "When a user has logged in, the server creates a token and issues it to the client.",
                ),
                Statement(
                    14,
                    "/walkthrough/fourteen-steps/4",
                    ("response body", '"access_token":"'),
                    "서버는 그 토큰을 저장하지 않습니다.",
                    "The server does not store it.",
                ),
                Statement(
                    15,
                    "/walkthrough/token/header",
                    ("request Authorization: Bearer ",),
                    "그 뒤로 클라이언트는 요청할 때마다 토큰을 헤더에 실어 보냅니다.",
                    "The client sends the token in a header of its request.",
                ),
                Statement(
                    16,
                    "/walkthrough/token/any-node",
                    ("response X-Node", "inside at+jwt"),
                    "어느 서버로 요청하든 그 서버가 토큰만 보고 사용자를 인증합니다.",
                    "Any server can authenticate the user by the token alone.",
                ),
                Statement(
                    17,
                    "/walkthrough/token/read",
                    ('payload "sub": "alice"', 'payload "role": "user"'),
                    "세션 ID는 키일 뿐이지만, 토큰에는 데이터가 들어 있습니다.",
                    "A session id is only a key, but a token contains data.",
                ),
            ),
        ),
        Topic(
            Words("장점", "For"),
            (
                Statement(
                    18,
                    "/walkthrough/token/header",
                    ("inside at+jwt",),
                    "서버가 세션을 관리하지 않으므로 따로 저장소를 둘 필요가 없습니다.",
                    "The server manages no sessions, so it needs no separate store.",
                    STATE_HAS_MOVED,
                ),
                Statement(
                    19,
                    "/scale-out#round",
                    ('data-run="token"',),
                    "서버를 나누어 두는 분산·클러스터 환경으로 확장하기 좋습니다.",
                    "It suits growth by distributed servers and clusters.",
                ),
            ),
        ),
        Topic(
            Words("단점", "Against"),
            (
                Statement(
                    20,
                    "/walkthrough/token/still-in",
                    ("response status 200", '"username":"alice"'),
                    "한 번 내준 토큰은 회수하기 어렵습니다.",
                    "A token that was issued is hard to take back.",
                    CAN_BE_TAKEN_BACK,
                ),
                Statement(
                    21,
                    "/walkthrough/session/shut-out",
                    ("request Cookie: sot_sid=", "response status 401"),
                    "세션은 서버에서 지우면 클라이언트가 가진 세션 ID가 곧바로 무효가 됩니다.",
                    "A session that is deleted on the server makes the client’s session id invalid at once.",
                ),
                Statement(
                    22,
                    "/walkthrough/token/logout",
                    ("response status 204", "inside UPDATE refresh_families"),
                    "토큰은 상태가 없어(stateless) 이미 내준 토큰을 서버가 무효로 만들 수 없습니다.",
                    "A token is stateless, so the server cannot make an issued one invalid.",
                    CAN_BE_TAKEN_BACK,
                ),
                Statement(
                    23,
                    "/walkthrough/token/short",
                    ("request body", '"access_ttl_s":', "waited"),
                    "그래서 토큰의 유효기간을 짧게 정합니다.",
                    "So tokens get a short lifetime.",
                ),
                Statement(
                    24,
                    "/walkthrough/token/read",
                    ('payload "sub": "alice"',),
                    "토큰 안에 사용자의 데이터가 있으니 안전한지 걱정됩니다.",
                    "The data about the user in a token is a reason for concern.",
                ),
                Statement(
                    25,
                    "/jwt#leak",
                    ('name="password"', "data-leak-answer"),
                    "그래서 비밀번호나 개인정보 같은 민감정보를 토큰에 넣으면 안 됩니다.",
                    "So nothing sensitive, such as a password or personal data, may be put into a token.",
                ),
            ),
        ),
    ),
)
