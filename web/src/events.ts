// The event stream: a parser of text/event-stream and a connection that comes back by itself.
// Written over fetch, not EventSource: after a server restart EventSource gives up on some answers and then forgets
// the last event id; here both are ours to decide, and to test.

export interface ServerEvent {
  id: string | null;
  type: string;
  data: string;
}

/** Feed it text in any pieces; it hands over whole events. */
export class EventParser {
  private rest = '';
  private data: string[] = [];
  private type = '';
  private id: string | null = null;
  private readonly emit: (event: ServerEvent) => void;

  constructor(emit: (event: ServerEvent) => void) {
    this.emit = emit;
  }

  feed(text: string): void {
    this.rest += text;
    // A carriage return at the very end may be half of a line end: wait for what follows.
    for (;;) {
      const end = this.rest.search(/\r\n|\n|\r(?!$)/);
      if (end < 0) return;
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + (this.rest.startsWith('\r\n', end) ? 2 : 1));
      this.line(line);
    }
  }

  private line(line: string): void {
    if (line === '') return this.dispatch();
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.type = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }

  private dispatch(): void {
    if (this.data.length > 0) this.emit({ id: this.id, type: this.type || 'message', data: this.data.join('\n') });
    this.data = [];
    this.type = '';
  }
}

/** Waits between attempts: 0.5 s, doubling to 15 s, each shortened by up to half so that many pages do not return at once. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(15_000, 500 * 2 ** Math.min(attempt, 10));
  return full * (1 - random() / 2);
}

export interface StreamOptions {
  url: string;
  onEvent: (event: ServerEvent) => void;
  onOpen: (isReturn: boolean) => void; // isReturn: there was a connection before this one
  onLost: (attempt: number, status: number) => void; // status 0: no answer
  fetch?: typeof fetch;
  wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  silence_ms?: number; // the server speaks every 15 s; longer silence than this is a dead connection
}

export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

export class EventStream {
  lastId: string | null = null;
  private readonly stopper = new AbortController();
  private readonly options: Required<StreamOptions>;
  private nudge = new AbortController();
  private opened = 0;

  constructor(options: StreamOptions) {
    this.options = { fetch: globalThis.fetch.bind(globalThis), wait: pause, silence_ms: 40_000, ...options };
  }

  stop(): void {
    this.stopper.abort();
    this.nudge.abort();
  }

  /** Tries again at once, e.g. when the machine is back online. */
  hurry(): void {
    this.nudge.abort();
  }

  async run(): Promise<void> {
    let attempt = 0;
    while (!this.stopper.signal.aborted) {
      const { status, worked } = await this.connectOnce();
      if (this.stopper.signal.aborted) return;
      attempt = worked ? 0 : attempt + 1;
      this.options.onLost(attempt, status);
      this.nudge = new AbortController();
      await this.options.wait(backoff(attempt), this.nudge.signal);
    }
  }

  private async connectOnce(): Promise<{ status: number; worked: boolean }> {
    const connection = new AbortController();
    const abort = (): void => connection.abort();
    this.stopper.signal.addEventListener('abort', abort, { once: true });
    let status = 0;
    let worked = false;
    try {
      const headers: Record<string, string> = { accept: 'text/event-stream' };
      if (this.lastId !== null) headers['last-event-id'] = this.lastId;
      const response = await this.options.fetch(this.options.url, {
        headers, signal: connection.signal, cache: 'no-store', credentials: 'same-origin',
      });
      status = response.status;
      if (response.ok && response.body) {
        worked = true;
        this.options.onOpen(this.opened++ > 0);
        await this.read(response.body, connection);
      }
    } catch {
      // lost: the loop in run() comes back
    } finally {
      this.stopper.signal.removeEventListener('abort', abort);
    }
    return { status, worked };
  }

  private async read(body: ReadableStream<Uint8Array>, connection: AbortController): Promise<void> {
    const parser = new EventParser((event) => {
      if (event.id !== null) this.lastId = event.id;
      this.options.onEvent(event);
    });
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const watchdog = setTimeout(() => connection.abort(), this.options.silence_ms);
      try {
        const { done, value } = await reader.read();
        if (done) return;
        parser.feed(decoder.decode(value, { stream: true }));
      } finally {
        clearTimeout(watchdog);
      }
    }
  }
}
