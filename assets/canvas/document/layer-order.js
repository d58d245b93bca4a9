// The order of layers, lists of them with the lowest first. Nothing here touches the page.

/** A list with the layer at `from` put to `to`. */
export function moved(layers, from, to) {
  const result = [...layers];
  result.splice(to, 0, ...result.splice(from, 1));
  return result;
}

/**
 * The first layer on the way from one place to another with which the layer there cannot change places: it overlaps, or one
 * of them changes the picture's size. Null if there is none. layers: [{ revision, fixed, overlaps }].
 */
export function blocker(layers, from, to) {
  const between = to > from ? layers.slice(from + 1, to + 1) : layers.slice(to, from).reverse();
  const { fixed, revision } = layers[from];
  return between.find((other) => fixed || other.fixed || other.overlaps.includes(revision)) ?? null;
}

/** Whether two lists are the same layers in the same order, as visible and as faded. */
export function sameLayers(one, other) {
  return one.length === other.length && one.every(({ revision, visible, opacity }, i) => revision === other[i].revision && visible === other[i].visible && opacity === other[i].opacity);
}

/** The place of the only layer that differs between two lists, if by its opacity alone; else null. */
export function fadedAlone(layers, others) {
  const faded = layers.findIndex(({ opacity }, i) => opacity !== others[i]?.opacity);
  const { opacity } = layers[faded] ?? {};
  return faded >= 0 && sameLayers(layers, others.map((other, i) => (i === faded ? { ...other, opacity } : other))) ? faded : null;
}

/** A list of layers for another state, whose steps have other revisions. before: as these were. next: what they are now, in the same order. */
export function carriedOver(layers, before, next) {
  const place = new Map(before.map(({ revision }, i) => [revision, i]));
  return layers.map((layer) => ({ ...next[place.get(layer.revision)], visible: layer.visible, opacity: layer.opacity }));
}
