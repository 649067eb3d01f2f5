import { setQuery } from "../route.ts";

/** The filter of a list, kept in the URL. `/` focuses it. */
export function Search(props: { label: string; value: string; name?: string; hint?: string }) {
  const { label, value, name = "q", hint } = props;
  return (
    <label className="search">
      <span className="visually-hidden">{label}</span>
      <input
        type="search"
        data-search=""
        value={value}
        placeholder={hint ?? label}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setQuery({ [name]: event.target.value })}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

/** Every word must occur somewhere. */
export function matcher(filter: string): (text: string) => boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => {
    const lower = text.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
}
