// Who is here, and what they may still do today.
import { computed, signal } from '@preact/signals';
import { api, onSignedOut } from '../api.ts';
import { route } from '../route.ts';
import type { Session } from '../types.ts';

export const session = signal<Session | null>(null);

/** 'unknown' until the server has answered once. */
export const door = computed<'unknown' | 'setup' | 'invite' | 'sign-in' | 'open'>(() => {
  const now = session.value;
  if (!now) return 'unknown';
  if (route.value.view === 'invite') return 'invite';
  if (now.needs_setup) return 'setup';
  return now.account === null && now.sign_in ? 'sign-in' : 'open';
});

/** Clips that may still be made today; null: as many as one likes. */
export const clipsLeft = computed<number | null>(() => {
  const quota = session.value?.quota;
  return quota && quota.clips_per_day > 0 ? Math.max(0, quota.clips_per_day - quota.today) : null;
});

export const creationIsOver = computed(() => {
  const ends = session.value?.sunset?.creation_ends_ms;
  return ends !== null && ends !== undefined && ends <= Date.now();
});

onSignedOut.handler = () => {
  if (session.value?.sign_in) session.value = { ...session.value, account: null };
};

export async function loadSession(): Promise<void> {
  session.value = await api.session();
}

let refresh: ReturnType<typeof setTimeout> | undefined;
/** Usage and quota again, soon: several changes at once ask one time. */
export function refreshSessionSoon(): void {
  clearTimeout(refresh);
  refresh = setTimeout(() => void loadSession().catch(() => undefined), 600);
}

export async function setUp(secret: string, name: string, password: string): Promise<void> {
  session.value = await api.setUp(secret, name, password);
}

export async function signIn(name: string, password: string): Promise<void> {
  session.value = await api.signIn(name, password);
}

export async function join(secret: string, password: string): Promise<void> {
  session.value = await api.join(secret, password);
}

/** Everywhere else it has to be said anew. */
export async function changePassword(current: string, password: string): Promise<void> {
  session.value = await api.changePassword(current, password);
}

export const isAdmin = computed(() => session.value?.account?.role === 'admin');

export async function signOut(): Promise<void> {
  await api.signOut();
  session.value = session.value ? { ...session.value, account: null } : null;
  await loadSession().catch(() => undefined);
}
