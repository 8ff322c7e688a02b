"""The notes' first chapter: what is good and bad about sessions."""

from lab.pages.study_notes.differences import TCP_HIJACK
from lab.pages.study_notes.statement import Chapter, Statement, Topic, Words

SESSION = Chapter(
    "session",
    Words("세션의 장단점", "Sessions: for and against"),
    (
        Topic(
            Words("장점", "For"),
            (
                Statement(
                    1,
                    "/walkthrough/session/login",
                    ("response Set-Cookie: sot_sid=", "inside SET", "a Java server calls it JSESSIONID"),
                    "세션 ID에는 아무 뜻이 없습니다. 서버가 사용자의 레코드를 찾는 키일 뿐입니다. (JSESSIONID는 다른 서버가 쓰는 쿠키 이름입니다.)",
                    "A session id means nothing. It is only the key by which the server finds the user’s record. (JSESSIONID is the cookie’s name under another server.)",
                ),
                Statement(
                    2,
                    "/walkthrough/session/copy",
                    ("copied sid",),
                    "그래서 세션 ID가 탈취되어도 개인정보가 그대로 새어 나간 것은 아닙니다.",
                    "So a stolen session id does not contain any personal data.",
                ),
                Statement(
                    3,
                    "/walkthrough/session/hijack",
                    ("request Cookie: sot_sid=", "response status 200"),
                    "그래도 절대적으로 안전하지는 않습니다. 사본을 보낸 사람도 같은 사용자로 대하는 세션 하이재킹이 있습니다.",
                    "Still it is not absolutely safe: with session hijacking, a copy is treated as the user.",
                ),
                Statement(
                    4,
                    "/walkthrough/session/hijack",
                    ("response body", '"username":"alice"'),
                    "세션 하이재킹은 두 컴퓨터가 쓰고 있는 유효한 세션을 공격자가 차지하는 것입니다.",
                    "Session hijacking: an attacker takes over a valid session between two computers.",
                ),
                Statement(
                    5,
                    "/tcp#capture",
                    ("data-capture", 'data-over="http"', 'data-over="tls"'),
                    "공격자는 유효한 세션 ID를 탈취해 오가는 데이터를 엿봅니다(스누핑).",
                    "The attacker steals a valid session id to snoop on the data.",
                ),
                Statement(
                    6,
                    "/tcp",
                    ("forged_sniffed", "sends next", "expects next"),
                    "TCP 시퀀스 넘버를 위조해 연결을 어지럽힌 뒤 그 사이에 끼어드는 방식도 있습니다.",
                    "One way is to forge TCP sequence numbers, upset the connection, and step in.",
                    TCP_HIJACK,
                ),
            ),
        ),
        Topic(
            Words("단점", "Against"),
            (
                Statement(
                    7,
                    "/loadtests#experiment-memory",
                    ("bytes of the store by session",),
                    "세션을 서버의 메모리에 저장하므로 로그인이 늘수록 부담이 커집니다.",
                    "Sessions are stored in the server’s memory, which becomes a burden.",
                ),
                Statement(
                    8,
                    "/scale-out#processes",
                    ('value="round_robin"', 'value="sticky"'),
                    "서버를 늘리거나 키워야 하고, 그러면 로드 밸런싱처럼 신경 쓸 것이 많아집니다.",
                    "Servers must be added or enlarged, and load balancing and more has to be taken care of.",
                ),
                Statement(
                    9,
                    "/scale-out#processes",
                    ("POST /lab/nodes",),
                    "스케일 아웃(scale out): 서버를 여러 대로 늘려 시스템을 확장합니다.",
                    "Scale out: the system grows by more servers.",
                ),
                Statement(
                    10,
                    "/scale-out#up",
                    ("4 or 8 threads", "POST /lab/throughput"),
                    "스케일 업(scale up): 지금 있는 서버의 사양을 높여 시스템을 확장합니다.",
                    "Scale up: the system grows by a stronger server.",
                ),
                Statement(
                    11,
                    "/walkthrough/session/hijack",
                    ("request Cookie: sot_sid=", '"username":"alice"'),
                    "세션 ID는 쿠키로 전달되므로, 쿠키를 손에 넣으면 그 사용자인 척할 수 있습니다.",
                    "The session id travels in a cookie, and who has the cookie can pose as the user.",
                ),
                Statement(
                    12,
                    "/walkthrough/session/look-up",
                    ("inside GETEX",),
                    "요청이 올 때마다 세션 저장소를 조회해야 합니다.",
                    "Every request needs a look-up in the session store.",
                ),
            ),
        ),
    ),
)
