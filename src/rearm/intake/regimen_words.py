"""Words of a regimen column: cuts a text into items, each an agent, a regimen name, a procedure, a purpose, a remark, a separator or unread.

The longest listed phrase wins. German and English. What is in no list keeps the kind `unread`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rearm.knowledge.agents import Regimen, find_agent, find_product, find_regimens, load_regimens, lookup_key, split_name

__all__ = ["SEPARATORS", "Item", "read_items"]

SEPARATORS = frozenset({"hard", "comma", "plus", "open", "close", "equals", "slash", "dash", "blank"})


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of the text. `ids` are agent ids (agent), the product id (infusion) or one id (procedure, purpose); `number` counts (times)."""

    kind: str
    start: int
    end: int
    ids: tuple[str, ...] = ()
    regimens: tuple[Regimen, ...] = ()
    number: int = 1


def _keys(table: Mapping[str, str]) -> dict[str, str]:
    return {lookup_key(word): value for value, words in table.items() for word in words.split("|")}


_PURPOSES = _keys(
    {
        "induction": "Induktion|Induktionstherapie|induction|induction therapy|Erstlinientherapie|Reinduktion|reinduction",
        "consolidation": "Konsolidierung|Konsolidierungstherapie|consolidation|consolidation therapy|Konsolidation",
        "maintenance": "Erhaltung|Erhaltungstherapie|Dauertherapie|maintenance|maintenance therapy|Erh|Maint",
        "bridging": "Bridging|Bridgingtherapie|bridging therapy|bridge|Überbrückung|Überbrückungstherapie",
        "lymphodepletion": "Lymphodepletion|Lymphodepletierung|lymphodepleting chemotherapy|lymphodepleting|Lymphdepletion|LD chemo",
        "mobilisation": "Mobilisierung|Mobilisierungstherapie|Stammzellmobilisierung|mobilisation|mobilization|stem cell mobilisation|stem cell mobilization",
        "salvage": "Salvage|Salvagetherapie|salvage therapy|Rezidivtherapie",
        "transplant": "Konditionierung|conditioning",
        "supportive": "supportiv|supportive|best supportive care|BSC|Supportivtherapie|supportive care",
    }
)
_PROCEDURES = _keys(
    {
        "autologous-sct": "ASCT|autoSCT|auto-HSCT|aHSCT|HDT|HDT ASCT|autologe SCT|autologe SZT|auto SZT|ASZT|autologe PBSZT|PBSZT|APBSCT|APBSZT|autoTx|"
        "autologe Stammzelltransplantation|autologe Transplantation|autologous stem cell transplant|autologous stem cell transplantation|"
        "autologous transplant|autologous transplantation|autologous SCT|HD ASCT|Hochdosistherapie|high-dose therapy|auto",
        "allogeneic-sct": "alloSCT|allo-HSCT|alloTx|allo SZT|allo PBSZT|allogene SCT|allogene SZT|allogene Stammzelltransplantation|allo|"
        "allogene Transplantation|allogeneic stem cell transplant|allogeneic stem cell transplantation|allogeneic SCT|allogeneic transplant|"
        "allogeneic transplantation|allogenic SCT|allogenic transplant|haplo SCT|haploidentical SCT",
        "stem-cell-transplant": "SCT|HSCT|SZT|Stammzelltransplantation|stem cell transplant|stem cell transplantation|transplant|transplantation|Transplantat",
        "radiotherapy": "Radiatio|RTx|RT|Radiotherapie|Strahlentherapie|Bestrahlung|Bestr|radiotherapy|radiation|radiation therapy|irradiation|XRT",
        "total-body-irradiation": "TBI|total body irradiation|Ganzkörperbestrahlung",
        "stem-cell-boost": "stem cell boost|Stammzellboost|CD34 boost|CD34+ boost|Stammzell-Boost",
        "donor-lymphocyte-infusion": "DLI|donor lymphocyte infusion|Donor-Lymphozyten-Infusion|Spenderlymphozyten",
        "plasma-exchange": "Plasmapherese|plasma exchange|plasmapheresis|Plasmaaustausch",
    }
)
_TANDEM = _keys(
    {
        "tandem": "Tandem ASCT|Doppel ASCT|Tandem-Transplantation|tandem transplant|tandem autologous transplant|Tandem-SZT|Tandem HDT|double ASCT"
    }
)
_CART = _keys(
    {
        "": "CAR-T|CART|CAR-T-Zellen|CAR-T-Zelle|CAR-T-Zelltherapie|CAR-T-Zell-Therapie|CAR-T cells|CAR-T cell|CAR-T cell therapy|CAR-T therapy|CAR-T-Therapie|"
        "CAR-T-Infusion|CAR T infusion|CAR-T-Zell-Infusion|BCMA CAR-T|anti-BCMA CAR-T|BCMA-CAR-T-Zellen|GPRC5D CAR-T|anti-GPRC5D CAR-T|"
        "chimeric antigen receptor T cells|CAR"
    }
)
_REASONS = (
    "Exanthem|rash|Hautausschlag|Toxizität|toxicity|toxisch|Unverträglichkeit|intolerance|intolerant|Nebenwirkung|Nebenwirkungen|UAW|side effect|side effects|"
    "adverse event|adverse events|PNP|Polyneuropathie|Neuropathie|neuropathy|polyneuropathy|Thrombose|thrombosis|Embolie|LAE|Infekt|Infektion|infection|infections|"
    "Zytopenie|cytopenia|Neutropenie|neutropenia|Thrombopenie|Thrombozytopenie|thrombocytopenia|Pneumonie|pneumonia|Sepsis|Diarrhoe|diarrhoea|diarrhea|Allergie|allergy|"
    "allergische Reaktion|Progress|Progression|Krankheitsprogress|progredient|progressive disease|Rezidiv|relapse|refraktär|refractory|Patientenwunsch|patient wish|"
    "patient preference|kein Ansprechen|no response|Therapiewechsel|Abbruch|Abbr|abgebrochen|abgesetzt|beendet|pausiert|Pause|stopped|stop|discontinued|held|Therapieende|"
    "Therapiepause|Niereninsuffizienz|renal failure|Herzinsuffizienz|heart failure|CRAB|biochemisch|klinisch|MRD|Tod|death|verstorben|COVID|Corona"
)
_TIMES_OF = "bis|until|seit|since|ab|from|von|to|ongoing|laufend|weiter|fortlaufend|aktuell|current|einmalig|once|initial|zuletzt|vor|before|nach|after|bei|for|für|im|in|am|on|at|zu|als|as"
_MANNER = (
    "sc|s.c.|iv|i.v.|po|p.o.|oral|subkutan|subcutaneous|intravenös|intravenous|weekly|bi-weekly|biweekly|wöchentlich|zweiwöchentlich|monatlich|monthly|daily|täglich|mono|"
    "Monotherapie|monotherapy|single agent|Einzelsubstanz|lite|low dose|low-dose|niedrig dosiert|reduziert|dosisreduziert|dose-reduced|reduced|Injektion|injection|Infusion|"
    "Kapseln|capsule|capsules|Tabletten|tablet|tablets|Lösung|solution|Therapie|therapy|Chemotherapie|chemotherapy|Behandlung|treatment|Regime|Regimen|Schema|Protokoll|"
    "protocol|analog|Studie|study|trial|klinische Studie|clinical trial|im Rahmen|innerhalb|within|compassionate use|off-label|Linie|line|HD|high dose|Hochdosis|"
    "Zyklus|Zyklen|Zykl|Zyk|cycle|cycles|Kurs|Kurse|course|courses|Gabe|Gaben|dose|doses|Monat|Monate|month|months|Woche|Wochen|week|weeks|Tag|Tage|day|days|Jahr|Jahre|"
    "year|years|mg|Gy|biosimilar|erneut|again|rechallenge|Rechallenge|LWS|BWS|HWS|LWK|BWK|HWK|Wirbelsäule|Sternum|Becken|Femur|Humerus|Rippe|Rippen|Schädel|Hüfte|spine|pelvis|skull|rib|ribs|lumbar|thoracic|links|rechts|left|right|Plasmozytom|plasmacytoma|erste|zweite|dritte|vierte|first|second|third|fourth|pr|q"
)
_REMARKS = frozenset(lookup_key(w) for w in f"{_REASONS}|{_TIMES_OF}|{_MANNER}".split("|"))
_RESPONSES = frozenset({"CR", "sCR", "nCR", "VGPR", "PR", "MR", "SD", "NE"})
_BECAUSE = frozenset(lookup_key(w) for w in ("wegen", "aufgrund", "infolge", "due to", "because of", "owing to", "weil"))
_BEFORE_PD = frozenset(
    lookup_key(w)
    for w in ("bis", "until", "bei", "wegen", "aufgrund", "due to", "because of", "nach", "after", "at", "on", "till", "to", "to")
)
_PLUS = frozenset(
    lookup_key(w)
    for w in (
        "und",
        "and",
        "plus",
        "mit",
        "with",
        "sowie",
        "u",
        "in Kombination mit",
        "in combination with",
        "kombiniert mit",
        "combined with",
    )
)
_HARD = frozenset(
    lookup_key(w)
    for w in [
        "dann",
        "danach",
        "anschließend",
        "anschliessend",
        "gefolgt von",
        "gefolgt",
        "im Anschluss",
        "then",
        "followed by",
        "followed",
        "subsequently",
        "afterwards",
        "Wechsel auf",
        "Wechsel zu",
        "Umstellung auf",
        "umgestellt auf",
        "switch to",
        "switched to",
        "changed to",
        "change to",
        "später",
        "later",
    ]
)
_NEGATIONS = frozenset(lookup_key(w) for w in ("ohne", "without", "w/o", "kein", "keine", "keinen", "no"))
_CHOICES = frozenset(lookup_key(w) for w in ("oder", "or", "vs", "versus"))
_DOUBTS = frozenset(
    lookup_key(w)
    for w in [
        "geplant",
        "vorgesehen",
        "planned",
        "scheduled",
        "abgelehnt",
        "refused",
        "declined",
        "nicht",
        "nicht erfolgt",
        "not",
        "not given",
        "not done",
        "unklar",
        "unclear",
        "unbekannt",
        "unknown",
        "fraglich",
        "evtl",
        "eventuell",
        "vermutlich",
        "probably",
        "possibly",
        "placebo",
        "Plazebo",
    ]
)

_MONTH = r"(?:jan|feb|m(?:ä|ae|a)r|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|de[zc])[a-zäé]*\.?"
_AMOUNT = re.compile(
    r"\d+(?:[.,]\d+)?(?:\s?[/-]\s?\d+(?:[.,]\d+)?)*\s?(?:mg|µg|μg|ug|mcg|g|gy|ml|ie|iu|mio|%)(?:\s?/\s?(?:m2|m²|m\^2|qm|kg|d|day|tag|ml))*(?![^\W_])",
    re.I,
)
_PER_AREA = re.compile(r"(?:mg|g|gy)\s?/\s?(?:m2|m²|m\^2|qm|kg)(?![^\W_])", re.I)
_SITE = re.compile(r"(?:[LBH]WK|[LTC])\s?\d{1,2}(?:\s?[-–/,]\s?(?:[LBH]WK|[LTC])?\s?\d{1,2})*(?![^\W_])")
_DATE = re.compile(
    rf"\d{{4}}-\d{{2}}(?:-\d{{2}})?(?!\d)|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}(?!\d)|\d{{1,2}}[./]\d{{2,4}}(?!\d)|{_MONTH}\s?'?\d{{2,4}}(?!\d)|(?:19|20)\d{{2}}(?!\d)",
    re.I,
)
_UNITS_OF_COUNT = r"(?:zykl(?:us|en)?|zyk|cycles?|kurse?n?|courses?|gaben?|doses?|monat(?:e|en)?|months?|mo|wochen?|weeks?|wks?|tage?n?|days?|d|jahre?n?|years?|yrs?|linien?|lines?)"
_COUNT = re.compile(
    rf"\d+\s?(?:-|–|bis|to)?\s?\d*\.?\s?{_UNITS_OF_COUNT}(?![^\W_])\.?|(?:{_UNITS_OF_COUNT}|c|nr|no|linie)\.?\s?\d+(?:\s?[-–]\s?\d+)?(?![\w/])|"
    r"q\s?\d+\s?[wd](?![^\W_])|[dt]\s?\d+(?:\s?[-–,]\s?\d+)*(?![\w])|\d+\.(?=\s|\)|$|[^\W\d_])",
    re.I,
)
_TIMES = re.compile(r"(\d{1,2})\s?[x×](?![^\W_])|[x×]\s?(\d{1,2})(?!\d)|(\d{1,2})-?(?:mal|fach)(?![^\W_])", re.I)
_ARROW = re.compile(r"[-–=]+>|→|⇒|;|\||\n|>")
_ATOM = re.compile(r"[^\W\d_]+|\d+")
_JOINER = re.compile(r"[ \u00a0]?[-–‑./'’][ \u00a0]?|[ \u00a0]{1,2}|")
_LONGEST = 8  # atoms in one listed phrase at most
_SIGNS = {
    ",": "comma",
    "+": "plus",
    "&": "plus",
    "(": "open",
    "[": "open",
    ")": "close",
    "]": "close",
    "=": "equals",
    ":": "equals",
    "/": "slash",
}


def read_items(text: str, definitions: Mapping[str, tuple[str, ...]]) -> list[Item]:
    """Cut a text into items, in order and without overlap; white space and bare punctuation between them gives none or a separator.

    `definitions` are the centre's own names by lookup key. Every letter and digit of the text lies in exactly one item.
    """
    items: list[Item] = []
    at = 0
    because = False  # behind `wegen`, `due to`: unknown words up to the next separator are the reason
    while at < len(text):
        item = _pattern(text, at) or _phrase(text, at, definitions, items) or _sign(text, at)
        if item is None:
            at += 1
            continue
        if item.kind == "because":
            because, item = True, Item("remark", item.start, item.end)
        elif item.kind in {"hard", "comma", "plus", "open", "close"}:
            because = False
        elif because and item.kind == "unread":
            item = Item("remark", item.start, item.end)
        items.append(item)
        at = item.end
    return items


def _pattern(text: str, at: int) -> Item | None:
    """Amounts, dates, counts and arrows, where no letter or digit stands directly before them."""
    if arrow := _ARROW.match(text, at):
        return Item("hard", at, arrow.end())
    if (at and text[at - 1].isalnum()) or (not text[at].isalnum() and text[at] != "×"):
        return None
    if times := _TIMES.match(text, at):
        return Item("times", at, times.end(), number=int(next(g for g in times.groups() if g)))
    for pattern in (_AMOUNT, _PER_AREA, _DATE, _COUNT, _SITE):
        if found := pattern.match(text, at):
            return Item("remark", at, found.end())
    return None


def _sign(text: str, at: int) -> Item | None:
    if text[at] == "?":
        return Item("doubt", at, at + 1)
    kind = _SIGNS.get(text[at])
    return Item(kind, at, at + 1) if kind else None


def _phrase(text: str, at: int, definitions: Mapping[str, tuple[str, ...]], items: list[Item]) -> Item | None:
    """The longest listed phrase at this place, else the single word as unread; None where no word begins here."""
    ends = _ends(text, at)
    for end in reversed(ends):
        if item := _listed(text, at, end, definitions, items):
            return item
    if not ends:
        # A letter or digit that the word pattern does not take (a superscript, a digit of another script) is unread by itself.
        return Item("unread", at, at + 1) if text[at].isalnum() else None
    return Item("unread", at, ends[0])


def _ends(text: str, at: int) -> list[int]:
    """Where a phrase that begins here may end: after each of the next words, as long as only a blank, hyphen, dot or slash stands between."""
    ends: list[int] = []
    place = at
    while len(ends) < _LONGEST and (atom := _ATOM.match(text, place)):
        ends.append(atom.end())
        joiner = _JOINER.match(text, atom.end())
        place = joiner.end() if joiner else atom.end()
    return ends


def _listed(text: str, start: int, end: int, definitions: Mapping[str, tuple[str, ...]], items: list[Item]) -> Item | None:
    if end < len(text) and text[end].isalnum() and text[end - 1].isalnum() and not text[end - 1].isdigit() and not text[end].isdigit():
        return None
    written = text[start:end]
    key = lookup_key(written)
    if key in definitions:
        return Item("regimen", start, end, ids=definitions[key])
    if written in _RESPONSES or (key == "pd" and _is_progression(written, text, items)):
        return Item("remark", start, end)
    for words, kind in ((_HARD, "hard"), (_BECAUSE, "because"), (_NEGATIONS, "negation"), (_CHOICES, "choice"), (_DOUBTS, "doubt")):
        if key in words:
            return Item(kind, start, end)
    if key in _PLUS:
        return Item("plus_word", start, end)
    if key in _TANDEM:
        return Item("procedure", start, end, ids=("autologous-sct",), number=2)
    for table, kind in ((_PROCEDURES, "procedure"), (_PURPOSES, "purpose")):
        if key in table:
            return Item(kind, start, end, ids=(table[key],))
    if key in _CART:
        return Item("infusion", start, end)
    if product := find_product(written):
        return Item("infusion", start, end, ids=(product.id,))
    if agent := find_agent(written):
        return Item("agent", start, end, ids=(agent.id,))
    blank = any(c.isspace() for c in written)
    regimens = find_regimens(written)
    if regimens and (not blank or key in _names_with_blank()):
        return Item("regimen", start, end, regimens=regimens)
    if key in _REMARKS:
        return Item("remark", start, end)
    return None if blank else _compound(written, start, end)


def _is_progression(written: str, text: str, items: list[Item]) -> bool:
    """`bis PD`, `wegen PD`: progressive disease. `Pd` never is."""
    before = items[-1] if items else None
    return written == "PD" and before is not None and lookup_key(text[before.start : before.end]) in _BEFORE_PD


def _compound(written: str, start: int, end: int) -> Item | None:
    found = split_name(written)
    if found is None:
        return None
    agents, regimens = found
    return Item("regimen" if regimens else "agent", start, end, ids=agents, regimens=regimens)


@cache
def _names_with_blank() -> frozenset[str]:
    return frozenset(lookup_key(n) for r in load_regimens().values() for n in r.names if " " in n)
