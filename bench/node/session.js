// express-session with connect-redis, as the read-me of connect-redis sets it up. It touches the session on each request.
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { createClient } from "redis";
import { SECRET, profile, serve } from "./page.js";

const client = createClient({ url: process.env.BENCH_STORE_URL });
await client.connect();

const app = express();
app.use(session({ store: new RedisStore({ client }), resave: false, saveUninitialized: false, secret: SECRET }));

app.post("/login", express.json(), (request, response) => {
  request.session.username = request.body.username;
  response.json({ ok: true });
});

app.get("/profile", (request, response) => {
  if (!request.session.username) return response.status(401).json({ error: "log in" });
  return response.json(profile("session", request.session.username));
});

serve(app);
