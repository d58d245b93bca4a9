// The rows of the history, worked out from the document's tree: in which order, which of them are asked for, and which
// variations are folded away. Nothing here touches the page.

import { describeAdjustment } from "../app/adjustment.js";
import { t } from "../lib/locale.js";

/** The title of a revision: its name, its prompt, or what it did. */
export function title({ name, edit, mode }) {
  if (name) return name;
  if (!edit) return t("history.opened");
  if (edit.adjustment && mode === "adjust") return describeAdjustment(edit.adjustment);
  return edit.prompt || t(`history.did.${mode}`);
}

/**
 * The rows of a tree from top to bottom, [{ node, column }]: each step below the one it was made on, a branch one column
 * further right than the path it leaves. The path to the tip keeps its column; elsewhere the newest branch does.
 *
 * nodes: as the server lists them, parents before children. path: the revisions on the path to the tip.
 */
export function rows(nodes, path = new Set()) {
  const children = new Map(nodes.map(({ revision }) => [revision, []]));
  for (const node of nodes) children.get(node.parent)?.push(node);
  const result = [];
  const stack = nodes.filter(({ parent }) => !children.has(parent)).map((node) => [node, 0]).reverse();
  while (stack.length) {
    const [node, column] = stack.pop();
    result.push({ node, column });
    const branches = [...children.get(node.revision)].reverse(); // the newest first
    const next = branches.find(({ revision }) => path.has(revision)) ?? branches[0];
    if (next) stack.push([next, column]);
    for (const branch of branches) if (branch !== next) stack.push([branch, column + 1]); // their rows come first
  }
  return result;
}

/** The revisions on the path from the opened picture to `tip`. */
export function pathTo(nodes, tip) {
  const parents = new Map(nodes.map(({ revision, parent }) => [revision, parent]));
  const path = new Set();
  for (let at = tip; at && !path.has(at); at = parents.get(at)) path.add(at);
  return path;
}

const plain = (text) => text.normalize("NFKC").toLocaleLowerCase();

/** Whether a revision has each of the words in its name, prompt or title. */
export function matches(node, words) {
  const text = plain([node.name, node.edit?.prompt, title(node)].join(" "));
  return plain(words).split(/\s+/).every((word) => text.includes(word));
}

/**
 * The rows to be shown, [{ node, column, onPath, variation, others, unfolded }]. The variations of one run are one row as
 * long as nothing was made on the others and none of them has a star, a name or an error; others: how many belong under
 * it; unfolded: whether these have rows of their own below it. variation: the number `i` of `n` of one that is no such fold.
 *
 * head, tip: of the document. filter: { words, starred, branch }: only rows with these words, with a star, on the current
 * branch. unfolded: the groups of variations that are unfolded.
 */
export function listing(nodes, { head, tip, filter, unfolded }) {
  const path = pathTo(nodes, tip);
  const wanted = ({ node }) => (!filter.branch || path.has(node.revision)) && (!filter.starred || node.starred) && matches(node, filter.words);
  const flat = filter.starred || filter.words.trim(); // where parents are missing, columns say nothing
  const listed = rows(nodes, path).filter(wanted).map(({ node, column }) => ({ node, column: flat ? 0 : column, onPath: path.has(node.revision) }));
  return fold(listed, groupsOf(nodes), new Set(nodes.map(({ parent }) => parent)), head, unfolded);
}

function groupsOf(nodes) {
  const groups = new Map();
  for (const node of nodes) {
    if (!groups.has(node.group)) groups.set(node.group, []);
    groups.get(node.group).push(node.revision);
  }
  groups.delete(null); // the opened picture
  const ranks = new Map(nodes.map(({ revision, rank }) => [revision, rank]));
  for (const group of groups.values()) group.sort((a, b) => ranks.get(a) - ranks.get(b)); // as the tray has them
  return groups;
}

function fold(listed, groups, parents, head, unfolded) {
  const rowsOf = new Map();
  for (const row of listed) rowsOf.set(row.node.group, [...(rowsOf.get(row.node.group) ?? []), row]);
  const folded = new Map(); // the row that stays -> those under it
  const hidden = new Set();
  for (const [group, members] of rowsOf) {
    if (members.length < 2) continue;
    const finished = members.filter(({ node }) => node.finished);
    const stays = members.find(({ node }) => node.revision === head) ?? members.find(({ onPath }) => onPath) ?? finished.at(-1) ?? members[0];
    const others = members.filter((row) => row !== stays && !parents.has(row.node.revision) && !row.node.starred && !row.node.name && !row.node.error);
    others.sort((a, b) => groups.get(group).indexOf(a.node.revision) - groups.get(group).indexOf(b.node.revision));
    folded.set(stays, others);
    for (const row of others) hidden.add(row);
  }
  const result = [];
  for (const row of listed) {
    if (hidden.has(row)) continue;
    const group = groups.get(row.node.group) ?? [];
    const numbered = ({ node }) => (group.length > 1 ? { i: group.indexOf(node.revision) + 1, n: group.length } : null);
    const others = folded.get(row) ?? [];
    const open = others.length > 0 && unfolded.has(row.node.group);
    result.push({ ...row, variation: others.length && !open ? null : numbered(row), others: others.length, unfolded: open });
    for (const other of open ? others : []) {
      result.push({ ...other, column: row.column + 1, variation: numbered(other), others: 0, unfolded: false });
    }
  }
  return result;
}
