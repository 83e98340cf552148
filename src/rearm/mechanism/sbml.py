"""One virtual patient as SBML (level 3 version 1), without extinction and drugs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from rearm.mechanism.model import FEW, LN_CELL, PARAMETERS, STATES

__all__ = ["sbml"]

Floats = npt.NDArray[np.float64]
_CLONES = ("pp", "np", "pn", "nn", "sanctuary")
_ASSIGN: Mapping[str, str] = {
    **{f"T_{c}": f"alive_{c} * exp(x_{c})" for c in _CLONES},
    "burden": " + ".join(f"T_{c}" for c in _CLONES),
    "seen": " + ".join(f"a_{c} * T_{c}" for c in _CLONES),
    "antigen": "seen / (h_A * (1 + soak * seen) + seen)",
    "phi": "1 / (1 + I / I50)",
    "space": "1 / (1 + (N / N50) ** 2)",
    "kill": "k_C * E / (h_E + E) * phi",
    "recall": "theta * antigen * phi * M",
    "rest": "eps * (1 - antigen) * E",
    "shed": "T_pp + T_pn + s_sanctuary * T_sanctuary",
    "made": "shed + T_np + T_nn",
}
_RATE: Mapping[str, str] = {
    **{f"x_{c}": f"r * (1 - burden / K) - w_{c} * kill" for c in _CLONES},
    "E": (
        "E * (rho * antigen * phi * space * (1 - (E + M + X) / K_C) * E / (E + few) - d_E - k_X *"
        " antigen) - rest + recall"
    ),
    "M": "rest - recall - d_M * M",
    "X": "k_X * antigen * E - d_X * X",
    "I": "k_I * burden / (B_I + burden) - d_I * I",
    "N": "lam * N * (1 - N)",
    "P": "lam_P * (1 - P) - kill * P",
    "m_protein": "k_m * (made / made_0 - m_protein)",
    "flc": "k_f * (made / made_0 - flc)",
    "sbcma_tumour": "k_s * (shed / shed_0 - sbcma_tumour)",
    "sbcma_normal": "k_s * (P - sbcma_normal)",
}
_OPERATOR = {
    ast.Add: "plus",
    ast.Sub: "minus",
    ast.Mult: "times",
    ast.Div: "divide",
    ast.Pow: "power",
}


def _mathml(expression: str) -> str:
    def walk(node: ast.expr) -> str:
        if isinstance(node, ast.BinOp):
            return (
                f"<apply><{_OPERATOR[type(node.op)]}/>{walk(node.left)}{walk(node.right)}</apply>"
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return f"<apply><{node.func.id}/>{walk(node.args[0])}</apply>"
        if isinstance(node, ast.Name):
            return f"<ci>{node.id}</ci>"
        if isinstance(node, ast.Constant):
            return f"<cn>{node.value!r}</cn>"
        raise ValueError(f"cannot write {ast.dump(node)} as MathML")

    body = walk(ast.parse(expression, mode="eval").body)
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{body}</math>'


def sbml(params: Floats, start: Floats, *, name: str = "virtual_patient") -> str:
    """One virtual patient: `params` after `model.PARAMETERS`, `start` after `model.STATES`. Time in
    days, cells in 1e9.
    """
    values = dict(zip(PARAMETERS, params.tolist(), strict=True))
    alive = {c: float(start[i] > LN_CELL) for i, c in enumerate(_CLONES)}
    cells = {c: alive[c] * float(np.exp(start[i])) for i, c in enumerate(_CLONES)}
    shed = cells["pp"] + cells["pn"] + values["s_sanctuary"] * cells["sanctuary"]
    values |= {f"alive_{c}": v for c, v in alive.items()}
    values |= {"few": FEW, "shed_0": shed, "made_0": shed + cells["np"] + cells["nn"]}
    moving = dict(zip(STATES, start.tolist(), strict=True))
    moving |= {"m_protein": 1.0, "flc": 1.0, "sbcma_tumour": 1.0, "sbcma_normal": float(start[10])}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">',
        f'<model id="{escape(name)}"><listOfParameters>',
        *[f'<parameter id="{k}" value="{v!r}" constant="true"/>' for k, v in values.items()],
        *[f'<parameter id="{k}" value="{v!r}" constant="false"/>' for k, v in moving.items()],
        *[f'<parameter id="{k}" constant="false"/>' for k in _ASSIGN],
        "</listOfParameters><listOfRules>",
        *[
            f'<assignmentRule variable="{k}">{_mathml(v)}</assignmentRule>'
            for k, v in _ASSIGN.items()
        ],
        *[f'<rateRule variable="{k}">{_mathml(v)}</rateRule>' for k, v in _RATE.items()],
        "</listOfRules></model></sbml>",
    ]
    return "\n".join(lines) + "\n"
