// Exportify's tables: a playlist, or the liked songs, as CSV; the columns of nexttrack.data.listener.exportify.
import {UnreadableFileError} from "./zip_files.mjs";

const EXPORTIFY_COLUMNS = {
  uri: ["Track URI", "Spotify URI", "Spotify ID", "Spotify Track Id"],
  title: ["Track Name", "Track-Name", "Nombre de la canción", "Nom du titre", "Nome della traccia", "Nummernaam",
    "Nome da faixa", "Låtens namn", "Parça Adı", "Όνομα κομματιού", "اسم الأغنية", "トラック名"],
  artists: ["Artist Name(s)", "Artist Name", "Künstlername(n)", "Nombre(s) del artista", "Nom(s) de l'artiste",
    "Nome dell'artista", "Naam van artiest", "Nome(s) do artista", "Artistens namn", "Sanatçı Adı",
    "Όνομα/τα καλλιτέχνη", "أسماء الفنانين", "アーティスト名"],
  added: ["Added At", "Hinzugefügt am", "Añadido en", "Ajouté le", "Aggiunto il", "Toegevoegd op", "Adicionado em",
    "Tillagd vid", "Eklenme Tarihi", "Προστέθηκε στις", "أضيف في", "追加日時"],
};
const URI_CELL = /^(spotify:(track|local|episode):.+|https?:\/\/open\.spotify\.com\/.*track\/.+)$/;
const LONGEST_CELL = 2 ** 20;

// The tracks of a table: [{uri, title, artists}], cells as they are, null where there is no such column; headers are
// compared as folded makes them.
// Throws UnreadableFileError for any other table.
export function exportifyRows(text, folded) {
  if (text.startsWith("sep=")) text = text.slice(text.indexOf("\n") + 1);
  const header = text.replace(/^[\r\n]+/, "").split("\n", 1)[0];
  const counts = [",", ";", "\t"].map((mark) => header.split(mark).length);
  const lines = csvLines(text, [",", ";", "\t"][counts.indexOf(Math.max(...counts))]);
  const [names = [], ...rows] = lines;
  const places = exportifyPlaces(names.map(folded), names, rows[0] ?? [], folded);
  const cell = (row, at) => (at === null || at >= row.length ? null : row[at]);
  return rows.filter((row) => row.some((one) => one.trim())).map((row) => ({
    uri: cell(row, places.uri), title: cell(row, places.title), artists: cell(row, places.artists),
  }));
}

function exportifyPlaces(plain, names, first, folded) {
  const places = {};
  for (const [what, wanted] of Object.entries(EXPORTIFY_COLUMNS)) {
    const known = new Set(wanted.map(folded));
    const at = plain.findIndex((name) => known.has(name));
    places[what] = at < 0 ? null : at;
  }
  if (places.uri === null && first.length && URI_CELL.test(first[0].trim())) places.uri = 0;
  if (places.uri === null && [places.title, places.artists, places.added].includes(null)) {
    const shown = names.slice(0, 4).join(", ") + (names.length > 4 ? ", …" : "");
    throw new UnreadableFileError(`no table of Exportify's (its columns are ${shown}); it should have Track URI, or Track `
      + "Name, Artist Name(s) and Added At: export it again in English");
  }
  return places;
}

// The lines of a CSV text that are not empty, as lists of cells: quotes as Python's csv module takes them.
function csvLines(text, separator) {
  const lines = [];
  let line = [];
  let cell = "";
  let quoted = false;
  let begun = false;
  const endCell = () => {
    line.push(cell);
    [cell, begun] = ["", false];
  };
  const endLine = () => {
    if (line.length || begun) {
      endCell();
      lines.push(line);
    }
    line = [];
  };
  for (let at = 0; at < text.length; at++) {
    const mark = text[at];
    if (quoted && mark === '"' && text[at + 1] === '"') at++;
    else if (quoted && mark === '"') {
      quoted = false;
      continue;
    } else if (!quoted && mark === '"' && !begun) {
      [quoted, begun] = [true, true];
      continue;
    } else if (!quoted && mark === separator) {
      endCell();
      continue;
    } else if (!quoted && (mark === "\n" || mark === "\r")) {
      endLine();
      continue;
    }
    begun = true;
    cell += mark;
    if (cell.length > LONGEST_CELL) throw new UnreadableFileError("damaged: a cell that does not end; export it again");
  }
  endLine();
  return lines;
}
