// A file dropped here says where it comes from, and one that was made here gives its recipe back.
import { signal } from '@preact/signals';
import { ApiError, api } from '../api.ts';
import { words } from '../i18n/index.ts';
import { go } from '../route.ts';
import type { Origin } from '../types.ts';
import { restoreRecipe } from './draft.ts';
import { complain } from './errors.ts';
import { dismiss, toast } from './toasts.ts';

/** Of the file that was looked at last, until it is put away. */
export const origin = signal<{ file: string; says: Origin } | null>(null);

export async function readFile(file: File): Promise<void> {
  const said = words.value.drop;
  const reading = toast(said.reading);
  try {
    const says = await api.verify(file);
    origin.value = { file: file.name, says };
    if (says.recipe) restoreRecipe(says.recipe);
    else toast(said.none);
    go({ view: 'make' });
  } catch (error) {
    if (error instanceof ApiError && error.status === 413) toast(said.tooBig, null, 'problem');
    else complain(error);
  } finally {
    dismiss(reading);
  }
}
