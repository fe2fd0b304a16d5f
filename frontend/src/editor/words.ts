/** What a field is for, said when the pointer rests on it. Descriptions are fetched type by type, once. */
import { hoverTooltip, type Tooltip } from "@codemirror/view";
import type { TypeWords } from "@/protocol/rest";
import { spotAt } from "./complete";
import type { SchemaIndex } from "./schema";

export interface Meaning {
  /** name of the type that has the field */
  type: string;
  field: string;
  /** why it has no effect here, if so */
  idle?: string;
}

/** The field whose key stands at a place of the text; null between fields and for unknown ones. */
export function fieldAt(text: string, pos: number, index: SchemaIndex): Meaning | null {
  const start = text.lastIndexOf("\n", pos - 1) + 1;
  const newline = text.indexOf("\n", start);
  const line = text.slice(start, newline < 0 ? text.length : newline);
  const key = /^(\s*(?:-\s+)*)([\w.$/-]+):(?=\s|$)/.exec(line);
  if (!key) return null;
  const from = start + key[1]!.length;
  if (pos < from || pos > from + key[2]!.length) return null;
  const spot = spotAt(text, from);
  const root = spot && index.root(spot.apiVersion, spot.kind);
  if (!root) return null;
  const here = index.at(root, spot.path);
  const field = here && index.object(here)?.p[key[2]!];
  return field && here.ref ? { type: here.ref, field: key[2]!, idle: field.x } : null;
}

/** Fetches each type's words at most once; a failure may be tried again. */
export class Words {
  private readonly known = new Map<string, Promise<TypeWords>>();

  constructor(private readonly fetch: (type: string) => Promise<TypeWords>) {}

  of(type: string): Promise<TypeWords> {
    let words = this.known.get(type);
    if (!words) {
      words = this.fetch(type);
      this.known.set(type, words);
      words.catch(() => this.known.delete(type));
    }
    return words;
  }
}

/** The editor's tooltip over a key. */
export function fieldWords(words: Words, index: () => SchemaIndex | null) {
  return hoverTooltip(
    async (view, pos): Promise<Tooltip | null> => {
      const schema = index();
      const found = schema && fieldAt(view.state.doc.toString(), pos, schema);
      if (!found) return null;
      const type = await words.of(found.type).catch(() => null);
      const text = type?.fields[found.field];
      if (!text) return null;
      const line = view.state.doc.lineAt(pos);
      const from = line.from + line.text.indexOf(found.field);
      return {
        pos: from,
        end: from + found.field.length,
        above: true,
        create: () => ({ dom: card(found, text) }),
      };
    },
    { hoverTime: 350 },
  );
}

/** The same words beside a completion, so that they need no pointer. */
export async function optionWords(words: Words, type: string, field: string): Promise<Node | null> {
  const found = await words.of(type).catch(() => null);
  return found?.fields[field] ? card({ type, field }, found.fields[field]) : null;
}

const SHOWN = 700;

function card(found: Meaning, text: string): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "cm-field-words";
  const head = document.createElement("strong");
  head.textContent = `${found.type.split(".").pop()}.${found.field}`;
  const body = document.createElement("p");
  body.textContent = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  dom.append(head, body);
  return dom;
}
