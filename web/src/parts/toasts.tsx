import { words } from '../i18n/index.ts';
import { announcement, dismiss, hold, toasts } from '../state/toasts.ts';
import type { Toast } from '../state/toasts.ts';
import { IconButton } from './controls.tsx';

export function Toasts() {
  return (
    <>
      <div class="visually-hidden" role="status">{announcement.value}</div>
      <div class="toasts" role="status" aria-live="polite">
        {toasts.value.map((one) => <Message key={one.id} toast={one} />)}
      </div>
    </>
  );
}

function Message({ toast: { id, text, kind, action } }: { toast: Toast }) {
  const act = (): void => {
    dismiss(id);
    action?.run();
  };
  return (
    <div
      class={`toast toast-${kind}`} onMouseEnter={() => hold(id, true)} onMouseLeave={() => hold(id, false)}
      onFocusIn={() => hold(id, true)} onFocusOut={() => hold(id, false)}
    >
      <span>{text}</span>
      {action && <button type="button" class="toast-action" onClick={act}>{action.label}</button>}
      <IconButton icon="close" label={words.value.common.close} onClick={() => dismiss(id)} />
    </div>
  );
}
