"""Features of `/session` or `/token` that an arm may lack, in the words of the docs: English, Korean."""

WORDS = {
    "all": ("everything: it guards nothing", "모두: 아무것도 지키지 않습니다"),
    "guard": ("a guard", "접근 검사"),
    "store": ("a store that nodes share", "노드가 함께 쓰는 저장소"),
    "traces": ("what the lab shows (traces)", "실습실이 보여 주는 것(추적)"),
    "early end": ("an end before it expires", "만료 전에 끝내기"),
    "sliding": ("sliding: a read does not extend it", "읽을 때의 수명 연장"),
    "absolute": ("an absolute lifetime", "절대 수명"),
    "hashed": ("the id hashed at rest", "저장소 안의 ID 해시"),
    "unpickling": ("a refusal to unpickle", "pickle 거부"),
    "type": ("the token's type", "토큰 종류 검사"),
    "issuer": ("issuer and audience", "발급자와 대상 검사"),
    "keys": ("key ids and revoked keys", "키 ID와 회수된 키 검사"),
    "role": ("changes of role", "역할 변경의 반영"),
    "headers": ("security headers, `no-store`", "보안 헤더와 `no-store`"),
    "origin": ("the cross-origin check", "다른 출처의 요청 검사"),
    "secrecy": ("secrecy: the member can read it", "비밀: 회원이 내용을 읽을 수 있습니다"),
    "user": ("a user table: its user is in a dictionary", "사용자 표: 사용자가 사전에 있습니다"),
    "middleware": ("Django's middleware that these pages do not need", "이 페이지에 필요 없는 Django 미들웨어"),
    "reads user": ("(and does more: it reads the user table, SQLite)", "(그리고 더 하는 것: 사용자 표(SQLite) 읽기)"),
}
LANGUAGES = ("en", "ko")


def said(left_out: tuple[str, ...], language: str) -> str:
    """Return the list in one language."""
    nothing = ("nothing", "없음")[LANGUAGES.index(language)]
    return ", ".join(WORDS[key][LANGUAGES.index(language)] for key in left_out) or nothing
