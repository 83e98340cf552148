"""What centres write as headers, by the column of a tidy table that is meant. A draft is read by a
person before it is used, so these are looser than the names that tables are read by.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from rearm.knowledge.tidy_tables import folded

__all__ = [
    "DAYS", "DEATH", "DEATH_DAY", "IDS", "INFUSION", "LABORATORY", "LONG_LABS", "NO_SAMPLE_DAY",
    "PERSON", "PROGRESSION", "PROGRESSION_DAY", "TESTS", "THERAPY", "TYPE_OF_PROTEIN", "UNIT",
    "asked_of", "header_key", "line_part", "toxicity_of",
]  # fmt: skip


def header_key(name: str) -> str:
    """A header as headers are compared: `Pat-Nr.` is pat_nr."""
    composed = unicodedata.normalize("NFC", name)
    return re.sub(r"[ ._/'\u2019-]+", "_", folded(composed)).strip("_")


def _names(headers: str) -> tuple[str, ...]:
    """Headers, with their accents and (`DATE DE DECES`) without."""
    return tuple(dict.fromkeys(x for h in headers.split() for x in (h, _plain(h))))


def _by_header(columns: Mapping[str, str]) -> dict[str, str]:
    return {header: column for column, headers in columns.items() for header in _names(headers)}


def _plain(header: str) -> str:
    apart = unicodedata.normalize("NFD", header)
    return "".join(c for c in apart if not unicodedata.combining(c))


IDS = _names(
    "patient_id patientid patient pat_id pid subject_id subjectid usubjid subjid record_id "
    "person_id study_id id sample_id patienten_id patientennummer pseudonym pat_nr patnr "
    "patienten_nr patient_nr pat_no patient_no patient_number patient_identifier fallnummer "
    "fall_nr pat patid pat_ident patientenid fall fall_id fallid n°_patient no_patient nº_patient "
    "num_patient numéro_patient numéro_de_patient id_patient identifiant identifiant_patient "
    "code_patient ipp nip"
)
DAYS = _names(
    "day tag visit visite timepoint zeitpunkt cum_days date datum abnahmedatum abnahme_am "
    "entnahmedatum probe_vom probendatum probenentnahme lab_date labdate date_lab "
    "laboratory_date sample_date collection_date measurement_date visit_date visitdat "
    "resp_date lbdtc lbdt datum_labor labordatum untersuchungsdatum befunddatum datum_befund "
    "date_of_sample specimen_date jour visite_date date_visite date_de_visite date_prélèvement "
    "date_de_prélèvement date_du_prélèvement date_examen date_d_examen date_bilan date_du_bilan"
)
PERSON = _by_header(
    {
        "sex": "sex gender geschlecht sex_at_birth gender_source_value geschl sexe",
        "birth_date": "birth_date birthdate date_of_birth dob geburtsdatum geb_datum geb_dat"
        " geb_am brthdtc birth_datetime"
        " gebdatum gebdat geburtsdat date_de_naissance date_naissance naissance ddn",
        "birth_year": "birth_year geburtsjahr geb_jahr year_of_birth yob"
        " année_de_naissance année_naissance",
        "disease": "disease indication indikation erkrankung grunderkrankung primary_disease"
        " underlying_disease",
        "light_chain": "light_chain leichtkette light_chain_type leichte_kette"
        " leichtketten_typ leichtkettentyp"
        " chaîne_légère",
        "heavy_chain": "heavy_chain isotype schwerkette heavy_chain_type schwere_kette"
        " schwerketten_typ schwerkettentyp"
        " chaîne_lourde",
        "last_seen_day": "last_seen_day last_seen_date last_seen letzter_kontakt"
        " datum_letzter_kontakt dat_letzter_kontakt letzte_vorstellung last_contact"
        " last_contact_date date_last_contact date_of_last_contact last_follow_up last_fu_date"
        " last_followup_date date_last_followup lfu_date letztes_follow_up"
        " date_dernières_nouvelles date_des_dernières_nouvelles dernières_nouvelles"
        " date_dernier_contact dernier_contact",
        "day_zero": "day_zero",
        "diagnosis_day": "diagnosis_day diagnosis_date date_of_diagnosis diagnosedatum ed ed_mm"
        " erstdiagnose datum_erstdiagnose datum_ed dx_date diag_date mm_diagnosis_date"
        " date_diagnostic date_de_diagnostic date_du_diagnostic",
        "prior_lines": "prior_lines n_prior_lines number_of_prior_lines vortherapien"
        " anzahl_vortherapien anzahl_linien"
        " nombre_de_lignes nombre_lignes",
    }
)
INFUSION = _by_header(
    {
        "day": "datum_car_t car_t_datum datum_der_car_t car_t_date date_car_t date_of_car_t"
        " datum_car_t_infusion infusionsdatum infusion_am infusion_date date_of_infusion"
        " date_infusion datum_infusion infusion car_t_infusion_date car_t_infusion cart_date"
        " cart_infusion_date car_t_am inf_datum date_of_car_t_infusion date_of_cart_infusion"
        " date_of_cell_infusion date_of_car_t_cell_infusion car_t_cell_infusion_date inf_date"
        " réinjection date_réinjection date_de_réinjection date_de_la_réinjection"
        " date_perfusion date_d_injection date_injection date_de_perfusion",
        "product": "car_t_produkt car_t_product produkt_car_t product_car_t car_t_präparat produkt"
        " product car_t_type cart_product präparat präparat_car_t produktname product_name"
        " infusionsprodukt car_t_zellprodukt zellprodukt cell_product"
        " produit produit_car_t produit_cart",
        "apheresis_days": "apherese apherese_am apheresedatum leukapherese leukapherese_am"
        " leukapheresedatum apheresis apheresis_date leukapheresis_date date_of_apheresis"
        " apherese_datum datum_apherese leukapherese_datum datum_leukapherese"
        " aphérèse date_aphérèse date_d_aphérèse leucaphérèse date_leucaphérèse"
        " date_de_leucaphérèse",
        "dose_cells": "dose_cells zelldosis cell_dose car_t_dose",
        "best_response": "best_response bestes_ansprechen beste_remission best_overall_response"
        " bor best_response_car_t best_response_to_car_t best_response_after_car_t"
        " car_t_best_response car_t_ansprechen ansprechen_car_t car_t_response"
        " bestes_ansprechen_car_t bestes_ansprechen_nach_car_t beste_response"
        " meilleure_réponse_car_t meilleure_réponse",
    }
)
# A column that is called a day is one, whatever stands in it; another may hold the day or a code.
PROGRESSION_DAY = _names(
    "progress_am progression_am pd_am pd_datum pd_date date_pd progressionsdatum "
    "progressdatum datum_progress datum_pd progression_date date_of_progression rezidiv_am "
    "rezidivdatum relapse_date date_of_relapse progress_datum datum_progression "
    "progression_datum datum_rezidiv rezidiv_datum date_progression date_relapse "
    "date_de_progression date_de_rechute date_rechute"
)
PROGRESSION = _names(
    "progress progression pd rezidiv relapse progressed relapsed rezidiv_progress progress_rezidiv"
)
DEATH_DAY = _names(
    "verstorben_am todesdatum sterbedatum tod_am death_date date_of_death date_death dthdtc "
    "tod_datum datum_tod datum_des_todes verstorben_datum datum_verstorben todestag sterbetag "
    "death_dt dod date_of_decease deceased_date date_de_décès date_décès date_du_décès"
)
DEATH = _names("verstorben tod death deceased died exitus dead tot gestorben décès décédé")
# Days of a person that are no day of a sample, by a part of the header.
NO_SAMPLE_DAY = re.compile(
    r"tod|sterb|storb|death|deceas|died|exitus|progress|rezidiv|relapse|geb|birth|diagnos|infus"
    r"|car_t|cart|apher|aphér|transpl|consent|einwillig|aufkl|kontakt|contact|follow|therap"
    r"|d[ée]c[èe]s|naiss|réinj|reinj|perfus|nouvelles|traitement"
)
LABORATORY = _names("labor labore laborwerte lab labs laboratory laboratory_results")
_ANSWERS = frozenset(_names("ja nein yes no j n y status code"))
_TOXICITIES = _names("crs icans")
_OF_A_GRADE = frozenset(
    _names(
        "max maximum maximal maximale maximaler höchste höchster highest worst grad grade gr "
        "stärke nach car t"
    )
)


def asked_of(key: str) -> str:
    """What a header asks for without how it is answered: `Progress Ja/Nein` asks for progress."""
    return "_".join(word for word in key.split("_") if word not in _ANSWERS)


def toxicity_of(key: str) -> str | None:
    """The toxicity whose grade a header tells: `CRS max. Grad` is that of crs."""
    words = key.split("_")
    own = [word for word in words if word not in _OF_A_GRADE]
    return own[0] if len(own) == 1 and own[0] in _TOXICITIES else None


THERAPY = _by_header(
    {
        "line": "linie line line_of_therapy therapielinie line_number lot line_no"
        " ligne numéro_de_ligne n°_ligne ligne_de_traitement",
        "regimen": "therapie regimen regime schema treatment protokoll therapy therapieschema"
        " regimen_name medikament medikamente medikation wirkstoff wirkstoffe substanz substanzen"
        " drug drugs drug_name medication medications"
        " protocole traitement",
        "start_day": "von start beginn start_date therapiebeginn therapy_start date_start from"
        " startdatum regimen_start start_dat"
        " début date_début date_de_début",
        "end_day": "bis ende end stop end_date therapieende therapy_end date_end to enddatum"
        " regimen_end stop_date"
        " fin date_fin date_de_fin",
        "best_response": "ansprechen response best_response bestes_ansprechen remission"
        " beste_remission"
        " réponse meilleure_réponse",
        "stop_reason": "abbruchgrund stop_reason reason_stopped reason grund reason_for_stop"
        " discontinuation_reason grund_für_ende"
        " motif_d_arrêt motif_arrêt motif",
        "purpose": "zweck purpose intent",
    }
)
_LINE = re.compile(
    r"(?:therapielinie|linie|line|ligne|lot)[ _.-]*(?P<after>[0-9]{1,2})(?![0-9])"
    r"|(?<![0-9])(?P<before>[0-9]{1,2})(?:st|nd|rd|th)?[ _.-]*(?:therapielinie|linie|line|ligne)",
    re.IGNORECASE,
)


def line_part(name: str) -> tuple[str, str, str] | None:
    """What a header such as `Linie 1 Schema` tells of a numbered line: the column of therapies,
    and the header before and behind the number; None where it tells of none.
    """
    match = _LINE.search(name)
    if match is None:
        return None
    rest = header_key(f"{name[: match.start()]} {name[match.end() :]}")
    column = THERAPY.get(rest)
    if column is None or column == "line":
        return None
    number = "after" if match["after"] else "before"
    return column, name[: match.start(number)], name[match.end(number) :]


LONG_LABS = _by_header(
    {
        "test": "test test_name parameter analyt laborparameter lbtest lbtestcd component"
        " measurement_source_value analyte untersuchung"
        " paramètre analyse",
        "value": "value wert ergebnis result lborres lbstresc messwert value_source_value"
        " value_as_number result_value"
        " valeur résultat",
        "unit": "unit units einheit lborresu lbstresu unit_source_value result_unit unité unités",
        "specimen": "specimen material probenmaterial untersuchungsmaterial sample_type"
        " specimen_type probenart materialart probentyp sample_material specimen_source_value"
        " lbspec matrix probe_material material_probe untersuchtes_material body_fluid",
        "ref_low": "ref_low untergrenze referenz_unten lower_limit normal_low lbornrlo lbstnrlo"
        " range_low",
        "ref_high": "ref_high obergrenze referenz_oben upper_limit normal_high lbornrhi lbstnrhi"
        " range_high",
        # both limits in one cell
        "range": "referenzbereich referenz normbereich normalbereich reference_range ref_range"
        " normal_range referenzwert referenzwerte referenzintervall reference_interval",
    }
)
TYPE_OF_PROTEIN = _names(
    "typ mm_typ type mm_type ig_typ isotyp isotype paraprotein_typ paraprotein_type "
    "m_protein_type myelomtyp typ_mm"
)
UNIT = re.compile(r"(?:^|_)(?:einheit|unit|units|unité|unite)(?:_|$)")
TESTS = _by_header({"kappa_flc": "kappa", "lambda_flc": "lambda"})
