// Single-key shortcuts: never while someone is writing, and never with a modifier.
import { useLayoutEffect } from 'preact/hooks';

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['radio', 'checkbox', 'range', 'button'].includes(target.type));
}

export type KeyMap = Record<string, () => void>;

/** Heard from the moment what they belong to is seen: an effect after the next frame would miss a quick hand. */
export function useKeys(keys: KeyMap): void {
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isWriting(event.target) || document.querySelector('dialog[open]')) return;
      const isOnControl = event.target instanceof HTMLElement && event.target.closest('button, a, [role=menu], input') !== null;
      if (isOnControl && (event.key === ' ' || event.key.startsWith('Arrow'))) return;
      const run = keys[event.key];
      if (!run) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
}

export const isMac = typeof navigator !== 'undefined' && /mac|iphone|ipad/i.test(navigator.userAgent);
export const commandKey = isMac ? '⌘' : 'Ctrl';
