// A window over the page. The browser's own modal dialog keeps the focus inside and gives it back.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { words } from '../i18n/index.ts';
import { Button, IconButton } from './controls.tsx';

interface DialogProps {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, wide = false, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element} class={wide ? 'dialog dialog-wide' : 'dialog'} aria-label={title}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onClick={(event) => { if (event.target === element.current) onClose(); }}
    >
      <div class="dialog-sheet">
        <header class="dialog-head">
          <h2>{title}</h2>
          <IconButton icon="close" label={words.value.common.close} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  question: string;
  yes: string;
  isReady?: boolean; // false: something is still to be agreed to
  onYes: () => Promise<boolean | void> | void; // false: it did not work, and the window stays
  onClose: () => void;
  children?: ComponentChildren;
}

export function Confirm({ title, question, yes, isReady = true, onYes, onClose, children }: ConfirmProps) {
  const busy = useSignal(false);
  const agree = async (): Promise<void> => {
    busy.value = true;
    if ((await onYes()) !== false) onClose();
    busy.value = false;
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{question}</p>
      {children}
      <div class="dialog-foot">
        <Button onClick={onClose}>{words.value.common.cancel}</Button>
        <Button look="danger" disabled={busy.value || !isReady} onClick={() => void agree()}>{yes}</Button>
      </div>
    </Dialog>
  );
}
