// The whole window takes files that were made here.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n/index.ts';
import { Button } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import { importArchive, isArchive } from '../state/archive.ts';
import { readFile } from '../state/recipes.ts';

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

export function DropTarget() {
  const over = useSignal(false);
  useEffect(() => {
    let depth = 0; // enter and leave come for every element on the way
    const set = (next: number): void => {
      depth = Math.max(0, next);
      over.value = depth > 0;
    };
    const enter = (event: DragEvent): void => { if (carriesFiles(event)) set(depth + 1); };
    const leave = (event: DragEvent): void => { if (carriesFiles(event)) set(depth - 1); };
    const hover = (event: DragEvent): void => { if (carriesFiles(event)) event.preventDefault(); };
    const drop = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      set(0);
      const file = event.dataTransfer?.files[0];
      if (file) void (isArchive(file) ? importArchive(file) : readFile(file));
    };
    addEventListener('dragenter', enter);
    addEventListener('dragleave', leave);
    addEventListener('dragover', hover);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragenter', enter);
      removeEventListener('dragleave', leave);
      removeEventListener('dragover', hover);
      removeEventListener('drop', drop);
    };
  }, []);
  if (!over.value) return null;
  return (
    <div class="drop">
      <div class="drop-card">
        <Icon name="file" />
        <strong>{words.value.drop.title}</strong>
        <span>{words.value.drop.lead}</span>
      </div>
    </div>
  );
}

/** The same for those without a mouse. */
export function OpenFile() {
  const input = useRef<HTMLInputElement>(null);
  const read = (): void => {
    const file = input.current?.files?.[0];
    if (file) void readFile(file);
    if (input.current) input.current.value = '';
  };
  return (
    <>
      <input ref={input} class="visually-hidden" type="file" tabIndex={-1} aria-hidden="true" accept=".mp4,.m4v,.webm,.gif,.webp,.png,.jpg,.jpeg" onChange={read} />
      <Button look="quiet" icon="file" onClick={() => input.current?.click()}>{words.value.drop.open}</Button>
    </>
  );
}
