// What concerns the account and the studio as a whole, one tab each.
import type { ComponentChildren } from 'preact';
import { words } from '../i18n/index.ts';
import { hrefOf, settingsTabs } from '../route.ts';
import type { SettingsTab } from '../route.ts';
import { isAdmin, session } from '../state/session.ts';
import { AccountSettings } from './account.tsx';
import { Keys } from './keys.tsx';
import { People } from './people.tsx';
import { Webhooks } from './webhooks.tsx';

const pages: Record<SettingsTab, () => ComponentChildren> = {
  account: () => <AccountSettings />,
  keys: () => <Keys />,
  webhooks: () => <Webhooks />,
  people: () => <People />,
};

/** Where nobody signs in there is no account to look after, and nobody to invite. */
function isOpen(tab: SettingsTab): boolean {
  const signsIn = session.value?.sign_in === true;
  if (tab === 'account') return signsIn;
  return tab !== 'people' || (signsIn && isAdmin.value);
}

export function SettingsPage({ tab }: { tab: SettingsTab }) {
  const said = words.value.nav;
  const open = settingsTabs.filter(isOpen);
  const shown = open.includes(tab) ? tab : (open[0] ?? 'keys');
  return (
    <div class="page page-narrow page-settings">
      <h1>{said.settings}</h1>
      {open.length > 1 && (
        <nav class="tabs" aria-label={said.settings}>
          {open.map((one) => <a key={one} href={hrefOf({ view: 'settings', tab: one })} aria-current={one === shown ? 'page' : undefined}>{said.tabs[one]}</a>)}
        </nav>
      )}
      {pages[shown]()}
    </div>
  );
}
