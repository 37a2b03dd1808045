// Buttons, choices and fields, the same everywhere.
import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { Icon } from './icons.tsx';
import type { IconName } from './icons.tsx';

type ButtonAttributes = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'class' | 'className' | 'icon'>;

interface ButtonProps extends ButtonAttributes {
  look?: 'primary' | 'plain' | 'quiet' | 'danger';
  icon?: IconName;
  iconFilled?: boolean;
  children?: ComponentChildren;
}

export function Button({ look = 'plain', icon, iconFilled, children, ...rest }: ButtonProps) {
  return (
    <button type="button" class={`button button-${look}`} {...rest}>
      {icon && <Icon name={icon} filled={iconFilled} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}

interface IconButtonProps extends ButtonAttributes {
  icon: IconName;
  label: string;
  iconFilled?: boolean;
}

export function IconButton({ icon, label, iconFilled, ...rest }: IconButtonProps) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} {...rest}>
      <Icon name={icon} filled={iconFilled} />
    </button>
  );
}

export interface Choice<Value> {
  value: Value;
  label: ComponentChildren;
  hint?: string;
}

interface SegmentsProps<Value> {
  label: string;
  name: string;
  value: Value;
  choices: Choice<Value>[];
  onChoose: (value: Value) => void;
}

/** A few choices side by side: radio buttons underneath, so arrows and screen readers work. */
export function Segments<Value extends string | number>({ label, name, value, choices, onChoose }: SegmentsProps<Value>) {
  return (
    <fieldset class="segments">
      <legend class="label">{label}</legend>
      <div class="segments-row">
        {choices.map((choice) => (
          <label key={choice.value} class="segment" title={choice.hint}>
            <input type="radio" name={name} value={choice.value} checked={choice.value === value} onChange={() => onChoose(choice.value)} />
            <span>{choice.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface FieldProps {
  label: string;
  help?: string;
  id: string;
  children: ComponentChildren;
}

export function Field({ label, help, id, children }: FieldProps) {
  return (
    <div class="field">
      <label class="label" for={id}>{label}</label>
      {children}
      {help && <p class="help" id={`${id}-help`}>{help}</p>}
    </div>
  );
}

interface ProgressProps {
  label: string;
  fraction: number | null;
}

export function ProgressBar({ label, fraction }: ProgressProps) {
  const percent = fraction === null ? undefined : Math.round(Math.min(1, Math.max(0, fraction)) * 100);
  return (
    <div class="progress" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <div class="progress-fill" style={{ width: `${percent ?? 0}%` }} />
    </div>
  );
}
