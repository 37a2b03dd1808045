// What surrounds every page: the bar at the top, banners, the drop target and the keys.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { words, locale } from '../i18n/index.ts';
import { useKeys } from '../keyboard.ts';
import { Button } from '../parts/controls.tsx';
import { Icon, Mark } from '../parts/icons.tsx';
import { Menu } from '../parts/menu.tsx';
import type { MenuItem } from '../parts/menu.tsx';
import { go, hrefOf, route } from '../route.ts';
import { exportEverything, importArchive } from '../state/archive.ts';
import { focusPrompt } from '../state/draft.ts';
import { complain } from '../state/errors.ts';
import { connection } from '../state/live.ts';
import { language, setLanguage, setTheme, theme } from '../state/prefs.ts';
import { session, signOut } from '../state/session.ts';
import { day } from '../time.ts';
import { DropTarget } from './drop.tsx';
import { Shortcuts } from './shortcuts.tsx';

export function LanguageMenu() {
  const items: MenuItem[] = [
    { label: 'English', checked: language.value === 'en', run: () => setLanguage('en') },
    { label: '中文', checked: language.value === 'zh', run: () => setLanguage('zh') },
  ];
  return <Menu label={words.value.nav.language} look="icon-button" button={<Icon name="language" />} items={items} />;
}

export function ThemeMenu() {
  const said = words.value.nav;
  const icons = { auto: 'system', light: 'sun', dark: 'moon' } as const;
  const items: MenuItem[] = [
    { label: said.themeAuto, checked: theme.value === 'auto', run: () => setTheme('auto') },
    { label: said.themeLight, checked: theme.value === 'light', run: () => setTheme('light') },
    { label: said.themeDark, checked: theme.value === 'dark', run: () => setTheme('dark') },
  ];
  return <Menu label={said.theme} look="icon-button" button={<Icon name={icons[theme.value]} />} items={items} />;
}

function Navigation() {
  const said = words.value.nav;
  const view = route.value.view;
  const isLibrary = view === 'library' || view === 'clip' || view === 'compare';
  return (
    <nav class="navigation" aria-label={said.menu}>
      <a href={hrefOf({ view: 'make' })} aria-current={view === 'make' ? 'page' : undefined}><Icon name="brush" /><span>{said.make}</span></a>
      <a href={hrefOf({ view: 'library' })} aria-current={isLibrary ? 'page' : undefined}><Icon name="film" /><span>{said.library}</span></a>
    </nav>
  );
}

function AccountMenu({ onHelp }: { onHelp: () => void }) {
  const said = words.value.nav;
  const archive = useRef<HTMLInputElement>(null);
  const read = (): void => {
    const file = archive.current?.files?.[0];
    if (file) void importArchive(file);
    if (archive.current) archive.current.value = '';
  };
  const items: MenuItem[] = [
    { label: words.value.archive.out, icon: 'download', run: exportEverything },
    { label: words.value.archive.into, icon: 'file', run: () => archive.current?.click() },
    { label: said.settings, icon: 'sliders', run: () => go({ view: 'settings', tab: session.value?.sign_in ? 'account' : 'keys' }) },
    { label: said.shortcuts, icon: 'keyboard', run: onHelp },
  ];
  if (session.value?.sign_in) items.push({ label: said.signOut, icon: 'leave', run: () => void signOut().catch(complain) });
  const name = session.value?.account?.name ?? 'local';
  return (
    <>
      <input ref={archive} class="visually-hidden" type="file" tabIndex={-1} aria-hidden="true" accept=".zip" onChange={read} />
      <Menu label={said.account(name)} look="avatar" button={<span aria-hidden="true">{name.slice(0, 1).toUpperCase()}</span>} items={items} />
    </>
  );
}

function Bar({ onHelp }: { onHelp: () => void }) {
  return (
    <header class="bar">
      <a class="brand" href={hrefOf({ view: 'make' })} aria-label={words.value.nav.home}><Mark /><span>{words.value.name}</span></a>
      <Navigation />
      <div class="bar-end">
        <LanguageMenu />
        <ThemeMenu />
        <AccountMenu onHelp={onHelp} />
      </div>
    </header>
  );
}

export function ConnectionBanner() {
  const said = words.value.live;
  if (connection.value === 'live') return null;
  const text = connection.value === 'away' ? said.reconnecting : said.polling;
  return <div class={`connection connection-${connection.value}`} role="status"><span class="connection-dot" />{text}</div>;
}

function SunsetBanner() {
  const sunset = session.value?.sunset;
  if (!sunset) return null;
  const said = words.value.sunset;
  const { creation_ends_ms: creation, export_ends_ms: exporting } = sunset;
  return (
    <aside class="sunset" aria-label={said.title}>
      <Icon name="sun" />
      <p>
        <strong>{sunset.message || said.title}</strong>{' '}
        {creation !== null && (creation > Date.now() ? said.creation(day(creation, locale.value)) : said.creationOver)}{' '}
        {exporting !== null && said.exportUntil(day(exporting, locale.value))}
      </p>
      <Button look="quiet" icon="download" onClick={exportEverything}>{words.value.archive.out}</Button>
    </aside>
  );
}

export function Shell({ children }: { children: ComponentChildren }) {
  const help = useSignal(false);
  const openHelp = (): void => { help.value = true; };
  useKeys({
    '?': openHelp,
    c: () => { go({ view: 'make' }); focusPrompt.value += 1; },
    s: () => go({ view: 'make' }),
    l: () => go({ view: 'library' }),
    '/': () => {
      go({ view: 'library' });
      setTimeout(() => document.getElementById('library-search')?.focus(), 50);
    },
  });
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>{words.value.nav.skip}</a>
      <Bar onHelp={openHelp} />
      <ConnectionBanner />
      <SunsetBanner />
      <main id="main" tabIndex={-1}>{children}</main>
      <DropTarget />
      {help.value && <Shortcuts onClose={() => { help.value = false; }} />}
    </>
  );
}
