/** A form's field as text. */
export function field(e: Event, name: string): string {
  return String(new FormData(e.currentTarget as HTMLFormElement).get(name) ?? '');
}
