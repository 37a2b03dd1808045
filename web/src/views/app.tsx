// Which page is shown: the door (set-up, sign-in) or the studio behind it.
import { useSignalEffect } from '@preact/signals';
import { Component } from 'preact';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Toasts } from '../parts/toasts.tsx';
import { Button } from '../parts/controls.tsx';
import { words } from '../i18n/index.ts';
import { route } from '../route.ts';
import { loadCatalogue } from '../state/catalogue.ts';
import { syncJobs } from '../state/jobs.ts';
import { connection, startLive, stopLive } from '../state/live.ts';
import { door, loadSession } from '../state/session.ts';
import { ClipPage } from './clip.tsx';
import { ComparePage } from './compare.tsx';
import { Door } from './door.tsx';
import { LibraryPage } from './library.tsx';
import { MakePage } from './make.tsx';
import { SettingsPage } from './settings.tsx';
import { Shell } from './shell.tsx';

async function knock(): Promise<void> {
  for (;;) {
    try {
      await loadSession();
      return;
    } catch {
      connection.value = 'away';
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
  }
}

function Page() {
  const now = route.value;
  switch (now.view) {
    case 'library': return <LibraryPage />;
    case 'clip': return <ClipPage key={now.id} id={now.id} />;
    case 'compare': return <ComparePage key={`${now.left} ${now.right}`} left={now.left} right={now.right} />;
    case 'settings': return <SettingsPage tab={now.tab} />;
    case 'make': case 'invite': return <MakePage />;
  }
}

/** Loads what the open studio needs; if the server is away now, the live connection fetches it on its return. */
function enter(): void {
  startLive();
  void loadCatalogue().catch(() => undefined);
  void syncJobs().catch(() => undefined);
}

function Inside() {
  useEffect(() => {
    enter();
    return stopLive;
  }, []);
  return <Shell><Safe><Page /></Safe></Shell>;
}

export function App() {
  useEffect(() => void knock(), []);
  useSignalEffect(() => {
    if (!document.hidden) document.title = words.value.name;
  });
  const state = door.value;
  return (
    <>
      {state === 'open' ? <Inside /> : <Door state={state} />}
      <Toasts />
    </>
  );
}

/** A mistake in one page shows a way out and not an empty window. */
class Safe extends Component<{ children: ComponentChildren }, { broken: boolean }> {
  override state = { broken: false };

  static override getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ComponentChildren {
    if (!this.state.broken) return this.props.children;
    return (
      <div class="page empty">
        <p>{words.value.errors.broken}</p>
        <Button look="primary" onClick={() => location.reload()}>{words.value.errors.reload}</Button>
      </div>
    );
  }
}
