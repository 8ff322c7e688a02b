// The finding of an action, in sentences that depend on the real answers.

import { approaches, isInOneNode, labelOf } from "../shared/approaches.js";
import { now } from "../shared/clock.js";
import { steps } from "../shared/trace.js";
import { language, say, words } from "../shared/words.js";
import { claimsOf } from "../shared/member.js";

/** "let_in", "refused" or "broken" by the deciding answer; "unsent" if no request was sent. */
export function verdictOf(exchanges) {
  if (exchanges.length === 0) return "unsent";
  const { answer } = exchanges.at(-1);
  if (answer === null || answer.status >= 500) return "broken";
  return answer.status < 400 ? "let_in" : "refused";
}

/** Return a sentence for each group of cells of a row, [{approach, exchanges, verdict}], with the same result. */
export function findingOf(action, cells, member, before) {
  const path = (cell) => pathOf(action, cell, member, before);
  const groups = Map.groupBy(cells, (cell) => say(path(cell))); // groups by the same sentence template
  return [...groups.values()].map((alike) => say(path(alike[0]), valuesOf(alike, member, before)));
}

/** The most specific sentence for this cell's result. */
function pathOf(action, cell, member, before) {
  const name = action === "role" ? `role_${member.role}` : action.replaceAll("-", "_");
  const alternatives = [...circumstances(action, cell, member, before).flatMap((kind) => [[name, kind], ["any", kind]])];
  const kinds = [...kindsOf(cell), "any"];
  for (const first of [name, "any"]) alternatives.push(...kinds.map((kind) => [first, kind]));
  const paths = alternatives.map(([first, kind]) => ["finding", first, cell.verdict, kind]);
  return paths.find((path) => path.reduce((found, key) => found?.[key], words) !== undefined).join(".");
}

/** What a request asks, the most specific first. Sentences on signatures are about tokens, which are not in cookies. */
function kindsOf(cell) {
  const { kind, asks, carrier, is_signed } = approaches.get(cell.approach);
  return is_signed && carrier === "cookie" ? [how(cell)] : [kind, how(cell), asks[0]];
}

/** What distinguishes this cell, besides its approach and its verdict. */
function circumstances(action, { approach, exchanges, verdict }, member, before) {
  const { answer } = exchanges.at(-1) ?? {};
  const login = member.login(approach);
  const stale = exchanges.slice(0, -1).find((exchanged) => exchanged.answer?.body.code === "expired_token");
  const ending = action === "end-other" ? exchanges.at(-2)?.answer?.status : null;
  const found = {
    another_tab: exchanges.some((exchanged) => member.isOfAnotherTab(approach, exchanged)),
    silent: answer === null,
    alone: action === "next-node" && verdict !== "broken" && answer?.node === login.home,
    elsewhere: action === "role" && isInOneNode(approach) && before.node !== login.home,
    unlisted: ending === 404,
    not_ended: ending === 401,
    renewed_role: stale !== undefined && ending === null && isLive(stale),
    renewed: stale !== undefined && ending === null,
    recalled: answer?.body.code === "expired_token" && isLive(exchanges.at(-1)),
    expired_token: answer?.body.code === "expired_token",
    no_credentials: answer?.body.code === "no_credentials",
  };
  return Object.keys(found).filter((name) => found[name]);
}

/** Whether a token that was refused has time left: then the store has recalled it. */
function isLive({ credential }) {
  return claimsOf(credential).exp > now();
}

/** Where the deciding request looked the login up: the store, the member database, or nowhere. */
function how({ exchanges }) {
  const { answer } = exchanges.at(-1) ?? {};
  return steps(answer, "store") > 0 ? "asked_store" : steps(answer, "db") > 0 ? "asked_database" : "asked_nobody";
}

function valuesOf(cells, member, before) {
  const answers = cells.map(({ exchanges }) => exchanges.at(-1)?.answer ?? null);
  const logins = cells.map(({ approach }) => member.login(approach));
  return {
    who: list(cells.map(({ approach }) => labelOf(approach))),
    node: list(answers.map((answer) => answer?.node)),
    code: list(answers.map((answer) => answer?.body.code)),
    ending_code: list(cells.map(({ exchanges }) => exchanges.at(-2)?.answer?.body.code)),
    home: list(logins.map(({ home }) => home)),
    other_home: list(logins.map(({ otherHome }) => otherHome)),
    role: list(logins.map(({ now }) => claimsOf(now).role)),
    changer: before?.node ?? "",
  };
}

function list(names) {
  return new Intl.ListFormat(language).format([...new Set(names.filter(Boolean))]);
}
