// Express and nothing else.
import express from "express";
import { profile, serve } from "./page.js";

const app = express();
app.get("/profile", (_request, response) => response.json(profile("bare", "guest")));
serve(app);
