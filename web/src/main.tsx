import { render } from 'preact';
import { App } from './views/app.tsx';
import { watchDraft } from './state/draft.ts';
import { watchConnection } from './state/live.ts';
import { watchPreferences } from './state/prefs.ts';
import { watchRoute } from './route.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/make.css';
import './styles/jobs.css';
import './styles/library.css';
import './styles/clip.css';
import './styles/settings.css';

watchPreferences();
watchRoute();
watchDraft();
watchConnection();

const root = document.getElementById('studio');
if (root) render(<App />, root);
