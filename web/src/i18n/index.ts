import { computed } from '@preact/signals';
import { language } from '../state/prefs.ts';
import { en } from './en.ts';
import type { Dictionary } from './en.ts';
import { zh } from './zh.ts';

export const dictionaries = { en, zh };

/** The words of the language chosen now; reading it in a component follows a change. */
export const words = computed<Dictionary>(() => dictionaries[language.value]);

/** For Intl and the lang attribute. */
export const locale = computed(() => (language.value === 'zh' ? 'zh-CN' : 'en'));
