// What every Express arm answers with, and how each is started.
export const profile = (approach, name) => ({
  member: { id: name, username: name, role: "user" },
  approach,
  node: "node-1",
});

export const SECRET = "for this benchmark only, and 32 bytes at least";

export function serve(app) {
  app.listen(Number(process.env.PORT), "127.0.0.1");
}
