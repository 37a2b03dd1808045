// Short messages at the foot of the window, some with one action.
import { signal } from '@preact/signals';

export interface Toast {
  id: number;
  text: string;
  kind: 'plain' | 'problem';
  action: { label: string; run: () => void } | null;
}

export const toasts = signal<Toast[]>([]);
export const announcement = signal(''); // said to screen readers, not shown
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let counter = 0;

export function toast(text: string, action: Toast['action'] = null, kind: Toast['kind'] = 'plain'): number {
  const id = ++counter;
  toasts.value = [...toasts.value.slice(-1), { id, text, kind, action }];
  hold(id, false);
  return id;
}

/** While the pointer or the focus is on a message it stays. */
export function hold(id: number, isHeld: boolean): void {
  clearTimeout(timers.get(id));
  if (isHeld) return;
  const shown = toasts.value.find((one) => one.id === id);
  if (shown) timers.set(id, setTimeout(() => dismiss(id), shown.action || shown.kind === 'problem' ? 9000 : 4500));
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  toasts.value = toasts.value.filter((one) => one.id !== id);
}
