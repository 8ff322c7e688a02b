// jsonwebtoken, as its read-me signs and verifies; the algorithm is pinned.
import express from "express";
import jwt from "jsonwebtoken";
import { SECRET, profile, serve } from "./page.js";

function guard(request, response, next) {
  const [scheme, token] = (request.get("Authorization") ?? "").split(" ");
  try {
    if (scheme !== "Bearer") throw new Error("no token");
    request.claims = jwt.verify(token, SECRET, { algorithms: ["HS256"] });
  } catch {
    return response.status(401).json({ error: "log in" });
  }
  return next();
}

const app = express();
app.post("/login", express.json(), (request, response) => {
  response.json({ access_token: jwt.sign({}, SECRET, { subject: request.body.username, expiresIn: "30m" }) });
});
app.get("/profile", guard, (request, response) => response.json(profile("token", request.claims.sub)));
serve(app);
