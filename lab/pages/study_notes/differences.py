"""The eleven places where the lab differs from the notes: one sentence, and why."""

from lab.pages.study_notes.statement import Words

NOT_ENCRYPTED = Words(
    "노트는 ‘암호화’라고 하지만 암호화된 것은 없습니다. Base64url은 키가 없어도 되돌릴 수 있고, 해시는 키가 있어도 되돌릴 수 없기 때문입니다.",
    "The notes say “encrypted”, but nothing is encrypted: base64url can be undone without a key, and a hash cannot be undone even with one.",
)
SECRET_NOT_PRIVATE = Words(
    "노트는 ‘개인키’라고 하지만 HMAC의 키는 비밀키(secret)입니다. 서명할 때와 검증할 때 같은 키를 쓰기 때문입니다. 개인키와 공개키 쌍은 EdDSA, ES256, RS256에 있습니다.",
    "The notes say “private key”, but the key of an HMAC is a shared secret, because the same key signs and verifies. EdDSA, ES256 and RS256 have a private key, with a public one beside it.",
)
TYP_IS_NOT_KID = Words(
    "typ은 kid를 대신하지 못합니다. typ은 토큰의 종류를, kid는 서명한 키를 알려 주기 때문입니다. 그래서 실습실의 토큰에는 둘 다 있습니다.",
    "typ does not take the place of kid: typ tells the kind of token, and kid tells which key has signed it. So the lab’s tokens have both.",
)
TCP_HIJACK = Words(
    "끼어드는 때는 3-way handshake 도중이 아니라 연결이 맺어진 다음이고, 보내는 것은 잘못된 번호가 아니라 다음에 올 정확한 번호입니다. 받는 쪽은 윈도(window)을 벗어난 번호를 버리기 때문입니다.",
    "The attacker acts after the handshake, not during it, and with the right next number, not a wrong one, because the receiver drops every number outside its window.",
)
SENT_TOGETHER = Words(
    "노트는 두 번째 절차에도 ‘따로 보내는 로직’이라는 제목을 달았지만, 이것은 함께 보내는 절차입니다. 요청마다 두 토큰이 같이 가기 때문입니다.",
    "The notes give the second process the title of the first, “sent separately”, but here both are sent together, because every request carries both tokens.",
)
REVOKED_NOT_DELETED = Words(
    "노트는 로그아웃할 때 리프레시 토큰을 삭제한다고 하지만, 실습실은 토큰 패밀리를 회수하고 행은 남겨 둡니다. 행이 있어야 다시 온 토큰이 탈취자의 사본인지 알아볼 수 있기 때문입니다.",
    "The notes delete the refresh token at log-out. The lab revokes its family and keeps the rows, because only a row that is still there lets it recognise a thief’s copy.",
)
STATE_HAS_MOVED = Words(
    "저장소가 전혀 필요 없는 것은 아닙니다. 재발급과 로그아웃에는 서버의 레코드가 있어야 하므로, 로그인 하나가 회원 DB에서 428바이트를 차지합니다.",
    "A store is still needed: a refresh and a log-out need a record on the server, so each login takes 428 bytes of the member database.",
)
BOTH_ROTATE = Words(
    "노트는 액세스 토큰만 재발급하지만, 실습실은 리프레시 토큰도 새것으로 바꿉니다. 그래야 이미 쓴 리프레시 토큰이 다시 왔을 때 탈취를 알아챌 수 있기 때문입니다.",
    "The notes reissue the access token only. The lab replaces the refresh token too, because then a used one that comes again reveals a theft.",
)
HASH_STORED = Words(
    "노트는 리프레시 토큰을 저장한다고 하지만, 실습실은 토큰 ID(jti)의 SHA-256 해시만 저장합니다. DB가 유출되어도 쓸 수 있는 토큰은 나오지 않게 하기 위해서입니다.",
    "The notes store the refresh token. The lab stores only the SHA-256 of its id (jti), so that a leaked database contains no token that works.",
)
CASE_THREE = Words(
    "액세스 토큰이 유효하다는 것만으로는 재발급하지 않습니다. 그러면 탈취된 액세스 토큰 하나가 끝나지 않는 로그인이 되기 때문입니다. 만료된 리프레시 토큰이 같은 로그인의 것이고 그 로그인이 살아 있을 때만 재발급합니다.",
    "A valid access token alone gets no refresh token, because one stolen access token would then become a login without end. The expired refresh token must come too, and belong to the same live login.",
)
CAN_BE_TAKEN_BACK = Words(
    "회수할 방법이 없는 것은 아닙니다. /hybrid는 끝난 로그인을 거부 목록(denylist)에 적고 요청마다 조회하기 때문입니다. 그 대가로 조회가 되돌아옵니다.",
    "A token can be taken back: /hybrid writes ended logins into a denylist and reads it on every request. The price is that the look-up is back.",
)

DIFFERENCES = (
    NOT_ENCRYPTED,
    SECRET_NOT_PRIVATE,
    TYP_IS_NOT_KID,
    TCP_HIJACK,
    SENT_TOGETHER,
    REVOKED_NOT_DELETED,
    STATE_HAS_MOVED,
    BOTH_ROTATE,
    HASH_STORED,
    CASE_THREE,
    CAN_BE_TAKEN_BACK,
)
