// Everything at once, out and in again.
import { api, base } from '../api.ts';
import { words } from '../i18n/index.ts';
import { complain } from './errors.ts';
import { dismiss, toast } from './toasts.ts';

/** The browser saves the archive while the server packs it. */
export function exportEverything(): void {
  const link = document.createElement('a');
  link.href = `${base}/export`;
  link.download = '';
  link.click();
  toast(words.value.archive.packing);
}

export function isArchive(file: File): boolean {
  return file.name.toLowerCase().endsWith('.zip');
}

export async function importArchive(file: File): Promise<void> {
  const reading = toast(words.value.archive.reading);
  try {
    const { added, known, problems } = await api.importArchive(file);
    dismiss(reading);
    toast(words.value.archive.done(added, known, problems.length), null, problems.length > 0 ? 'problem' : 'plain');
  } catch (error) {
    dismiss(reading);
    complain(error);
  }
}
