"""Lines of therapy before the CAR-T, in the order in which they are given in practice, with
progression on them; and bridging and lymphodepletion.
"""

from __future__ import annotations

from rearm.demo import rates
from rearm.demo.chart import Chart

__all__ = ["add_bridging", "add_earlier_lines", "add_lymphodepletion"]

_FIRST_WITH_TRANSPLANT = {
    ("VRd", "bortezomib;lenalidomide;dexamethasone"): 0.5,
    ("D-VRd", "daratumumab;bortezomib;lenalidomide;dexamethasone"): 0.22,
    ("VCd", "bortezomib;cyclophosphamide;dexamethasone"): 0.18,
    ("KRd", "carfilzomib;lenalidomide;dexamethasone"): 0.1,
}
_FIRST_WITHOUT = {
    ("DRd", "daratumumab;lenalidomide;dexamethasone"): 0.5,
    ("VRd", "bortezomib;lenalidomide;dexamethasone"): 0.35,
    ("VCd", "bortezomib;cyclophosphamide;dexamethasone"): 0.15,
}
_LATER = {
    ("DPd", "daratumumab;pomalidomide;dexamethasone"): 0.2,
    ("DKd", "daratumumab;carfilzomib;dexamethasone"): 0.16,
    ("Isa-Kd", "isatuximab;carfilzomib;dexamethasone"): 0.09,
    ("KRd", "carfilzomib;lenalidomide;dexamethasone"): 0.09,
    ("Kd", "carfilzomib;dexamethasone"): 0.08,
    ("DVd", "daratumumab;bortezomib;dexamethasone"): 0.07,
    ("EloPd", "elotuzumab;pomalidomide;dexamethasone"): 0.07,
    ("KPd", "carfilzomib;pomalidomide;dexamethasone"): 0.1,
    ("SVd", "selinexor;bortezomib;dexamethasone"): 0.06,
    ("IRd", "ixazomib;lenalidomide;dexamethasone"): 0.05,
    ("PVd", "pomalidomide;bortezomib;dexamethasone"): 0.03,
}
_SAME = {"isatuximab": "daratumumab"}
_ACCOMPANYING = {"dexamethasone", "bortezomib", "lenalidomide"}
_CONJUGATE = ("belantamab mafodotin", "belantamab mafodotin")
_BRIDGING = {
    ("KPd", "carfilzomib;pomalidomide;dexamethasone"): 0.25,
    ("DPd", "daratumumab;pomalidomide;dexamethasone"): 0.2,
    ("SVd", "selinexor;bortezomib;dexamethasone"): 0.15,
    ("KCd", "carfilzomib;cyclophosphamide;dexamethasone"): 0.25,
    (
        "VDT-PACE",
        "bortezomib;dexamethasone;thalidomide;cisplatin;doxorubicin;cyclophosphamide;etoposide",
    ): 0.15,
}
_RESPONSES = {"CR": 0.1, "VGPR": 0.33, "PR": 0.37, "MR": 0.06, "SD": 0.1, "PD": 0.04}
_FIRST_RESPONSES = {"CR": 0.27, "VGPR": 0.45, "PR": 0.28}
_FIRST_LENGTH, _LATER_LENGTH = 620.0, 260.0  # medians, days
_SHORTEST = 40


def add_earlier_lines(chart: Chart, number: int, apheresis: int) -> int:
    """The lines before the apheresis; gives the day of the diagnosis."""
    regimens = _later_regimens(chart, number - 1)
    end = apheresis - chart.day_between((8, 45))
    for line in range(number, 1, -1):
        length = max(_SHORTEST, chart.waited(_LATER_LENGTH, 1.3))
        name, agents = regimens[line - 2]
        best = chart.pick(_RESPONSES)
        failed = best == "PD" or _is_refractory(chart, last=line == number)
        chart.therapy(
            end - length,
            end,
            name,
            agents=agents,
            line=line,
            purpose="treatment",
            best_response=best,
            progression_on="yes" if failed else "no",
            stop_reason="progression" if failed else "completed",
        )
        end -= length + chart.day_between((14, 110))
    return _add_first_line(chart, end, last=number == 1)


def _later_regimens(chart: Chart, number: int) -> list[tuple[str, str]]:
    """Regimens of the lines after the first, none twice; an agent is given again only where the
    others are used up.
    """
    found: list[tuple[str, str]] = []
    used: set[str] = set()
    while len(found) < number:
        left = {regimen: share for regimen, share in _LATER.items() if regimen not in found}
        new = {regimen: share for regimen, share in left.items() if not _key_agents(regimen) & used}
        regimen = chart.pick(new or left)
        found.append(regimen)
        used |= _key_agents(regimen)
    if len(found) > 1 and chart.chance(rates.CONJUGATE_BEFORE):
        found[-1] = _CONJUGATE
    return found


def _key_agents(regimen: tuple[str, str]) -> set[str]:
    """What a regimen rests on; two antibodies against CD38 are one."""
    agents = {_SAME.get(agent, agent) for agent in regimen[1].split(";")}
    return agents - _ACCOMPANYING


def _is_refractory(chart: Chart, *, last: bool) -> bool:
    return chart.chance(rates.REFRACTORY_TO_LAST_LINE if last else rates.REFRACTORY_TO_EARLIER_LINE)


def _add_first_line(chart: Chart, end: int, *, last: bool) -> int:
    """Induction, with transplant and maintenance where it was given; gives the day of diagnosis."""
    length = max(150, chart.waited(_FIRST_LENGTH, 1.4))
    best = chart.pick(_FIRST_RESPONSES)
    progressed = {"progression_on": "yes" if _is_refractory(chart, last=last) else "no"}
    if not chart.chance(rates.TRANSPLANTED):
        name, agents = chart.pick(_FIRST_WITHOUT)
        chart.therapy(
            end - length,
            end,
            name,
            agents=agents,
            line=1,
            purpose="treatment",
            best_response=best,
            **progressed,
        )
        return end - length - chart.day_between((5, 40))
    start = end - length - 210
    name, agents = chart.pick(_FIRST_WITH_TRANSPLANT)
    chart.therapy(start, start + 112, name, agents=agents, line=1, purpose="induction")
    transplant = start + 150
    chart.therapy(
        transplant,
        transplant,
        "HDM-ASCT",
        agents="melphalan",
        line=1,
        purpose="transplant",
        best_response=best,
    )
    chart.therapy(
        start + 210,
        end,
        "R maintenance",
        agents="lenalidomide",
        line=1,
        purpose="maintenance",
        **progressed,
    )
    return start - chart.day_between((5, 40))


def add_bridging(chart: Chart, apheresis: int, infusion: int) -> bool:
    """Bridging between apheresis and lymphodepletion; whether there was any."""
    if not chart.chance(rates.BRIDGED):
        return False
    start, end = apheresis + chart.day_between((2, 8)), infusion - chart.day_between((12, 18))
    if end - start < 7:
        return False
    if chart.chance(rates.RADIOTHERAPY_FOR_BRIDGING):
        chart.therapy(start, min(start + 11, end), "radiotherapy", purpose="radiotherapy")
        return True
    name, agents = chart.pick(_BRIDGING)
    if chart.chance(rates.BRIDGED_WITH_TALQUETAMAB):
        name = agents = "talquetamab"
    chart.therapy(start, end, name, agents=agents, purpose="bridging")
    return True


def add_lymphodepletion(chart: Chart, infusion: int) -> None:
    name, agents = ("Flu/Cy", "fludarabine;cyclophosphamide")
    if chart.chance(rates.BENDAMUSTINE):
        name = agents = "bendamustine"
    chart.therapy(infusion - 5, infusion - 3, name, agents=agents, purpose="lymphodepletion")
