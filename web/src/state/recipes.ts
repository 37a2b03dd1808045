// A file made here gives its recipe back.
import { ApiError, api } from '../api.ts';
import { words } from '../i18n/index.ts';
import { restoreRecipe } from './draft.ts';
import { complain } from './errors.ts';
import { dismiss, toast } from './toasts.ts';

export async function readRecipe(file: File): Promise<void> {
  const reading = toast(words.value.drop.reading);
  try {
    const recipe = await api.recipe(file);
    dismiss(reading);
    restoreRecipe(recipe);
  } catch (error) {
    dismiss(reading);
    if (error instanceof ApiError && error.status === 422) toast(words.value.drop.none, null, 'problem');
    else if (error instanceof ApiError && error.status === 413) toast(words.value.drop.tooBig, null, 'problem');
    else complain(error);
  }
}
