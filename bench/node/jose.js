// jose, as its documentation signs and verifies: with issuer and audience.
import express from "express";
import { SignJWT, jwtVerify } from "jose";
import { SECRET, profile, serve } from "./page.js";

const key = new TextEncoder().encode(SECRET);
const named = { issuer: "urn:example:issuer", audience: "urn:example:audience" };

async function guard(request, response, next) {
  const [scheme, token] = (request.get("Authorization") ?? "").split(" ");
  try {
    if (scheme !== "Bearer") throw new Error("no token");
    request.claims = (await jwtVerify(token, key, named)).payload;
  } catch {
    return response.status(401).json({ error: "log in" });
  }
  return next();
}

const app = express();
app.post("/login", express.json(), async (request, response) => {
  const token = new SignJWT()
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(request.body.username)
    .setIssuer(named.issuer)
    .setAudience(named.audience)
    .setIssuedAt()
    .setExpirationTime("30m");
  response.json({ access_token: await token.sign(key) });
});
app.get("/profile", guard, (request, response) => response.json(profile("token", request.claims.sub)));
serve(app);
