import type { LogLine } from "../index";
import type { Program } from "../status";

type Said = [level: LogLine["level"], text: string];

const SAID: Record<Program, [first: Said[], then: Said[]]> = {
  ollama: [
    [
      ["info", "Listening on 127.0.0.1:11434 (version 0.32.1)"],
      ["info", 'inference compute id=GPU-0 library=cuda total="11.9 GiB" available="10.4 GiB"'],
      ["info", "loaded runners count=1"],
    ],
    [
      [null, '[GIN] 200 |  3.912s | 127.0.0.1 | POST "/api/chat"'],
      [null, '[GIN] 200 |  41.2µs | 127.0.0.1 | GET  "/api/version"'],
      [null, '[GIN] 200 |  88.0µs | 127.0.0.1 | GET  "/api/ps"'],
      ["warn", "truncating input prompt limit=4096 prompt=4310 keep=5 new=4096"],
      [null, '[GIN] 200 |  4.107s | 127.0.0.1 | POST "/api/chat"'],
      ["debug", "gpu memory has 10.1 GiB free"],
    ],
  ],
  cloudflared: [
    [
      ["info", "Starting tunnel tunnelID=6f2a91c4-0d1e-4b7a-9c55-2f0f6f1b7a11"],
      ["info", "Registered tunnel connection connIndex=0 location=fra08 protocol=quic"],
      ["info", "Registered tunnel connection connIndex=1 location=ams04 protocol=quic"],
      ["info", "Registered tunnel connection connIndex=2 location=fra12 protocol=quic"],
      ["info", "Registered tunnel connection connIndex=3 location=ams15 protocol=quic"],
    ],
    [
      ["debug", "POST https://ollama.example.com/api/chat HTTP/1.1 connIndex=0"],
      ["debug", "200 OK connIndex=0 content-length=812"],
      ["warn", 'Failed to refresh DNS local resolver error="lookup region1: i/o timeout"'],
      ["error", "Unable to reach the origin service: dial tcp 127.0.0.1:11434: connect: connection refused"],
      ["info", "Retrying connection in up to 4s connIndex=2"],
    ],
  ],
};

export function lines(program: Program, now: number): LogLine[] {
  const said = SAID[program];
  const first: LogLine = {
    number: 1,
    at: new Date(now - 240 * 9000).toISOString(),
    stream: "agent",
    level: null,
    text: `Started ${program}, process 4242.`,
  };
  return [
    first,
    ...Array.from({ length: 239 }, (_, index) => line(said, index, index + 2, now - (238 - index) * 9000)),
  ];
}

export function next(program: Program, number: number, now: number): LogLine {
  return line(SAID[program], number - 2, number, now);
}

/** First what is said at the start, then the rest again and again. */
function line([first, then]: [Said[], Said[]], index: number, number: number, at: number): LogLine {
  const [level, text] = (first[index] ?? then[(index * 7) % then.length]) as Said;
  return { number, at: new Date(at).toISOString(), stream: "err", level, text };
}
