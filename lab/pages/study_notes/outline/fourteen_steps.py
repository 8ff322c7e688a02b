"""The end of the notes' fourth chapter: authentication with a refresh token, in fourteen steps."""

from lab.pages.study_notes.differences import BOTH_ROTATE, HASH_STORED
from lab.pages.study_notes.statement import Chapter, Statement, Topic, Words

FOURTEEN_STEPS = Chapter(
    "fourteen-steps",
    Words("리프레시 토큰 인증 과정", "Authentication with a refresh token"),
    (
        Topic(
            Words("1~4단계: 로그인", "Steps 1 to 4: the log-in"),
            (
                Statement(
                    97,
                    "/walkthrough/fourteen-steps/1",
                    ("request line POST /token/login", '"username":"alice"'),
                    "1단계: 사용자가 ID와 비밀번호로 로그인합니다.",
                    "Step 1: the user logs in with name and password.",
                ),
                Statement(
                    98,
                    "/walkthrough/fourteen-steps/2",
                    ("inside SELECT members", "inside argon2id"),
                    "2단계: 서버가 회원 DB의 값과 비교합니다.",
                    "Step 2: the server compares them with the member database.",
                ),
                Statement(
                    99,
                    "/walkthrough/fourteen-steps/3",
                    ("inside sign",),
                    "3단계: 맞으면 액세스 토큰과 리프레시 토큰을 발급합니다.",
                    "Step 3: if they are right, it issues an access token and a refresh token.",
                ),
                Statement(
                    100,
                    "/walkthrough/fourteen-steps/3",
                    ("inside INSERT refresh_tokens",),
                    "3단계: 이때 회원 DB에도 리프레시 토큰을 저장해 둡니다.",
                    "Step 3: the refresh token is also stored in the member database.",
                    HASH_STORED,
                ),
                Statement(
                    101,
                    "/walkthrough/fourteen-steps/4",
                    ("response status 200", '"access_token":"', '"refresh_token":"'),
                    "4단계: 두 토큰을 응답으로 클라이언트에 보냅니다.",
                    "Step 4: both tokens are sent to the client in the answer.",
                ),
            ),
        ),
        Topic(
            Words("5~7단계: 요청", "Steps 5 to 7: a request"),
            (
                Statement(
                    102,
                    "/walkthrough/fourteen-steps/5",
                    ("puts away refresh_token", "request line GET /token/profile"),
                    "5단계: 사용자는 리프레시 토큰을 안전한 곳에 보관합니다.",
                    "Step 5: the user keeps the refresh token in a safe place.",
                ),
                Statement(
                    103,
                    "/walkthrough/fourteen-steps/5",
                    ("request Authorization: Bearer ",),
                    "5단계: 그리고 액세스 토큰을 헤더에 실어 요청을 보냅니다.",
                    "Step 5: then it sends a request with the access token in a header.",
                ),
                Statement(
                    104,
                    "/walkthrough/fourteen-steps/6",
                    ("inside at+jwt",),
                    "6단계: 서버가 액세스 토큰을 검증합니다.",
                    "Step 6: the server verifies the access token.",
                ),
                Statement(
                    105,
                    "/walkthrough/fourteen-steps/7",
                    ("response status 200", '"username":"alice"'),
                    "7단계: 요청받은 데이터를 보냅니다.",
                    "Step 7: it sends what was requested.",
                ),
            ),
        ),
        Topic(
            Words("8~11단계: 만료", "Steps 8 to 11: expiry"),
            (
                Statement(
                    106,
                    "/walkthrough/fourteen-steps/8",
                    ('"access_ttl_s":', "waited"),
                    "8단계: 시간이 지나 액세스 토큰이 만료됩니다.",
                    "Step 8: time passes, and the access token expires.",
                ),
                Statement(
                    107,
                    "/walkthrough/fourteen-steps/9",
                    ("request Authorization: Bearer ",),
                    "9단계: 사용자는 전과 같이 그 토큰을 헤더에 실어 요청합니다.",
                    "Step 9: the user sends it in the header, as before.",
                ),
                Statement(
                    108,
                    "/walkthrough/fourteen-steps/10",
                    ("inside at+jwt",),
                    "10단계: 서버가 토큰이 만료된 것을 확인합니다.",
                    "Step 10: the server finds it expired.",
                ),
                Statement(
                    109,
                    "/walkthrough/fourteen-steps/11",
                    ("response status 401", '"code":"expired_token"'),
                    "11단계: 권한이 없다고 알립니다.",
                    "Step 11: it signals that there is no access.",
                ),
                Statement(
                    110,
                    "/walkthrough/client-reads-exp/ask-again",
                    ("response status 200",),
                    "만료될 때마다 9~11단계를 거칠 필요는 없습니다.",
                    "Steps 9 to 11 are not needed at every expiry.",
                ),
                Statement(
                    111,
                    "/walkthrough/client-reads-exp/read",
                    ('payload "exp": ',),
                    "프런트엔드가 액세스 토큰의 페이로드에서 유효기간을 읽을 수 있기 때문입니다.",
                    "The client can read the lifetime in the access token’s payload.",
                ),
                Statement(
                    112,
                    "/walkthrough/client-reads-exp/refresh",
                    ("request line POST /token/refresh", "response status 200"),
                    "그래서 API를 요청하기 전에 만료된 것을 알면 먼저 재발급을 요청할 수 있습니다.",
                    "So, if the token has expired, it can ask for a new one before the request.",
                ),
            ),
        ),
        Topic(
            Words("12~14단계: 재발급", "Steps 12 to 14: the reissue"),
            (
                Statement(
                    113,
                    "/walkthrough/fourteen-steps/12",
                    ("request Authorization: Bearer ", "request X-Refresh-Token: "),
                    "12단계: 사용자가 두 토큰을 함께 보냅니다.",
                    "Step 12: the user sends both tokens together.",
                ),
                Statement(
                    114,
                    "/walkthrough/fourteen-steps/13",
                    ("inside at+jwt", "inside rt+jwt", "inside SELECT refresh_tokens"),
                    "13단계: 액세스 토큰이 위·변조되지 않았는지 보고, 리프레시 토큰을 DB에 저장된 것과 비교합니다.",
                    "Step 13: the access token is checked for tampering, and the refresh token compared with the database.",
                ),
                Statement(
                    115,
                    "/walkthrough/fourteen-steps/14",
                    ("response X-Access-Token: ", "response X-Refresh-Token: ", "response status 200"),
                    "14단계: 새 액세스 토큰을 헤더에 실어 API 요청에 응답합니다.",
                    "Step 14: the request is answered, with a new access token in a header.",
                    BOTH_ROTATE,
                ),
            ),
        ),
    ),
)
