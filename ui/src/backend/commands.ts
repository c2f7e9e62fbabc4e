/** Every command and event between the window and its shell, by name: what the shell must allow, and nothing else. */
export const COMMANDS = [
  "status",
  "pause",
  "resume",
  "restart_program",
  "retry_program",
  "check_now",
  "evidence",
  "list_triages",
  "show_triage",
  "retry_triage",
  "correct_triage",
  "stats",
  "open_url",
  "logs",
  "pair",
  "pair_by_link",
  "unpair",
  "pull_model",
  "cancel_pull",
  "set_up_tunnel",
  "cancel_tunnel",
  "secrets",
  "set_secret",
  "test_secrets",
  "send_test_ticket",
  "settings",
  "save_settings",
  "updates",
  "check_for_update",
  "install_update",
  "starts_at_login",
  "set_start_at_login",
  "copy_text",
  "copy_diagnostics",
  "save_diagnostics",
  "quit",
] as const;

export const EVENTS = ["connection", "status", "triage", "log", "navigate"] as const;

export type Command = (typeof COMMANDS)[number];
export type EventName = (typeof EVENTS)[number];
