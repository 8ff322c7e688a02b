// The header shows the logins that the browser's cookies carry. A token of this page is in no cookie: its chip says so.

import { isBearer } from "../shared/approaches.js";
import { make, say } from "../shared/words.js";

/** Say at the approach's chip whether this page has a token of the member, or nothing if it has none. */
export function showInPage(approach, member) {
  if (!isBearer(approach)) return;
  const chip = document.querySelector(`.header .approaches [data-approach="${approach}"]`);
  const said = member.login(approach).now === null ? "" : say("in_page", { username: member.username });
  chip.title = said;
  chip.querySelector(".unseen")?.remove();
  if (said) chip.append(make("span", "unseen", ` ${said}`));
}
