// A line of text to take away.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { words } from '../i18n/index.ts';
import { Button } from './controls.tsx';

export function CopyLine({ label, text }: { label: string; text: string }) {
  const box = useRef<HTMLInputElement>(null);
  const isCopied = useSignal(false);
  const copy = async (): Promise<void> => {
    box.current?.select();
    try {
      await navigator.clipboard.writeText(text);
      isCopied.value = true;
      setTimeout(() => { isCopied.value = false; }, 2000);
    } catch {
      // Not on https: the text is selected, the visitor's own copy command works.
    }
  };
  return (
    <div class="inline-form">
      <input ref={box} class="copy-text" readOnly aria-label={label} value={text} onFocus={(event) => event.currentTarget.select()} />
      <Button look="primary" icon={isCopied.value ? 'check' : undefined} onClick={() => void copy()}>{isCopied.value ? words.value.common.copied : words.value.common.copy}</Button>
    </div>
  );
}
