// A button that opens a short list. Arrow keys walk, Escape closes, a click elsewhere too.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';
import type { IconName } from './icons.tsx';

export interface MenuItem {
  label: string;
  icon?: IconName;
  detail?: string;
  checked?: boolean;
  href?: string;
  download?: boolean;
  disabled?: boolean;
  run?: () => void;
}

interface MenuProps {
  label: string;
  button: ComponentChildren;
  look: string;
  items: MenuItem[];
  align?: 'start' | 'end';
  up?: boolean;
}

function walk(list: HTMLElement | null, key: string): boolean {
  const entries = [...(list?.querySelectorAll<HTMLElement>('[role^=menuitem]:not([aria-disabled=true])') ?? [])];
  const here = entries.indexOf(document.activeElement as HTMLElement);
  const steps: Record<string, number> = { ArrowDown: here + 1, ArrowUp: here - 1 + entries.length, Home: 0, End: entries.length - 1 };
  const to = steps[key];
  if (to === undefined || entries.length === 0) return false;
  entries[to % entries.length]?.focus();
  return true;
}

export function Menu({ label, button, look, items, align = 'end', up = false }: MenuProps) {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const close = (withFocus: boolean): void => {
    open.value = false;
    if (withFocus) root.current?.querySelector('button')?.focus();
  };
  useLayoutEffect(() => {
    if (!open.value) return undefined;
    walk(list.current, 'Home');
    const outside = (event: Event): void => { if (!root.current?.contains(event.target as Node)) close(false); };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open.value]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!open.value) return;
    if (event.key === 'Escape') close(true);
    else if (!walk(list.current, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <button
        type="button" class={look} aria-label={label} title={label} aria-haspopup="menu" aria-expanded={open.value}
        onClick={() => { open.value = !open.value; }}
      >{button}</button>
      {open.value && (
        <div class={`menu-list menu-${align} ${up ? 'menu-up' : ''}`} role="menu" aria-label={label} ref={list}>
          {items.map((item) => <Entry key={item.label} item={item} onDone={() => close(true)} />)}
        </div>
      )}
    </div>
  );
}

function Entry({ item, onDone }: { item: MenuItem; onDone: () => void }) {
  const inside = (
    <>
      {item.checked !== undefined ? <Icon name={item.checked ? 'check' : 'ring'} /> : item.icon && <Icon name={item.icon} />}
      <span>{item.label}</span>
      {item.detail && <span class="menu-detail">{item.detail}</span>}
    </>
  );
  const role = item.checked === undefined ? 'menuitem' : 'menuitemradio';
  if (item.href !== undefined && !item.disabled) {
    return (
      <a class="menu-entry" role={role} href={item.href} download={item.download ? '' : undefined} tabIndex={-1} onClick={() => setTimeout(onDone, 0)}>{inside}</a>
    );
  }
  const press = (): void => {
    onDone();
    item.run?.();
  };
  return (
    <button type="button" class="menu-entry" role={role} tabIndex={-1} aria-checked={item.checked} aria-disabled={item.disabled} onClick={item.disabled ? undefined : press}>
      {inside}
    </button>
  );
}
