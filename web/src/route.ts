// Where the visitor is: the part of the address after '#'. Also takes the set-up secret out of the address.
import { signal } from '@preact/signals';

export type Route =
  | { view: 'make' }
  | { view: 'library' }
  | { view: 'clip'; id: string }
  | { view: 'compare'; left: string; right: string }
  | { view: 'settings'; tab: SettingsTab }
  | { view: 'invite'; secret: string };

export const settingsTabs = ['account', 'keys', 'webhooks', 'people'] as const;
export type SettingsTab = (typeof settingsTabs)[number];

export function parseRoute(hash: string): Route {
  const [view, first, second] = hash.replace(/^#\/?/, '').split('/').map(decode);
  if (view === 'library') return { view: 'library' };
  if (view === 'settings') return { view: 'settings', tab: settingsTabs.find((tab) => tab === first) ?? 'keys' };
  if (view === 'invite' && first) return { view: 'invite', secret: first };
  if (view === 'clip' && first) return { view: 'clip', id: first };
  if (view === 'compare' && first && second) return { view: 'compare', left: first, right: second };
  return { view: 'make' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function hrefOf(route: Route): string {
  switch (route.view) {
    case 'make': return '#/';
    case 'clip': return `#/clip/${encodeURIComponent(route.id)}`;
    case 'compare': return `#/compare/${encodeURIComponent(route.left)}/${encodeURIComponent(route.right)}`;
    case 'settings': return `#/settings/${route.tab}`;
    case 'invite': return `#/invite/${encodeURIComponent(route.secret)}`;
    default: return `#/${route.view}`;
  }
}

/** ?setup=… or #setup=… or #/setup/…, as the first start prints it. */
export function setupSecret(search: string, hash: string): string | null {
  const query = new URLSearchParams(search).get('setup');
  if (query) return query;
  const match = /^#\/?setup[=/?](?:secret=)?(.+)$/.exec(hash);
  return match?.[1] ? decode(match[1]) : null;
}

const here = typeof location === 'undefined' ? { hash: '', search: '' } : location;
export const route = signal<Route>(parseRoute(here.hash));

export function go(to: Route): void {
  location.hash = hrefOf(to);
}

export function watchRoute(): void {
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash);
    scrollTo(0, 0);
  });
}
