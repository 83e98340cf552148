"""Peers of the mechanism kernel: the same equations in other solvers, each at the tolerance that
gives our error.

Used by `mechanism.py`, which says what is measured and how.
"""

from __future__ import annotations

import math
import multiprocessing as mp
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from tests.support.mechanism_reference import solve

from rearm.mechanism.model import LN_CELL, PARAMETERS
from rearm.mechanism.parameters import load
from rearm.mechanism.population import Dose, KernelInput, draw, inputs, simulate
from rearm.mechanism.sbml import sbml

VISITS = np.unique(np.round(np.concatenate([[0, 3, 7, 10, 14, 21, 28], np.linspace(45, 365, 17)])))
FIVE = ("m_protein", "flc", "sbcma_tumour", "sbcma_normal", "car")
FLOOR = 1e-6
TOLERANCES = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8)


def group(per: int, seed: int = 7) -> KernelInput:
    """`per` patients of each mechanism in random order, without extinction."""
    m = load()
    drawn = draw(m, "ide-cel", [per] * len(m.names), seed)
    patients = inputs(m, drawn, isotype="IgG", first=Dose(day=0.0, cells=0.45))
    order = np.random.default_rng(0).permutation(len(patients))
    return patients.rows(order).without_extinction()


def five(full: np.ndarray) -> np.ndarray:
    """The five observables from the 15 columns of the reference."""
    return np.concatenate([full[:, :, 11:15], full[:, :, 5:8].sum(axis=2, keepdims=True)], axis=2)


def errors(got: np.ndarray, want: np.ndarray) -> tuple[float, float]:
    e = (np.abs(got - want) / (np.abs(want) + FLOOR)).max(axis=(1, 2))
    return float(np.median(e)), float(e.max())


def timed(work: Callable[[], object], repeats: int = 5) -> tuple[float, float]:
    """Median (wall seconds, CPU seconds) over the repeats."""
    found = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = np.median(np.array(found), axis=0)
    return float(wall), float(cpu)


def _lsoda(job: tuple[np.ndarray, np.ndarray, float]) -> np.ndarray:
    return solve(job[0], job[1], VISITS, rtol=job[2], atol=job[2] * 1e-4)


_RUNNER = None


def _load(text: str) -> None:
    global _RUNNER
    import roadrunner

    _RUNNER = roadrunner.RoadRunner(text)
    _RUNNER.timeCourseSelections = [
        "m_protein",
        "flc",
        "sbcma_tumour",
        "sbcma_normal",
        "E",
        "M",
        "X",
    ]


def _roadrunner(job: tuple[np.ndarray, np.ndarray, float]) -> np.ndarray:
    p, s, rtol = job
    r = _RUNNER
    assert r is not None
    r.reset()
    for name, value in zip(PARAMETERS, p.tolist(), strict=True):
        r[name] = value
    clones = ("pp", "np", "pn", "nn", "sanctuary")
    alive = [float(s[i] > LN_CELL) for i in range(5)]
    cells = [a * float(np.exp(s[i])) for i, a in enumerate(alive)]
    shed = cells[0] + cells[2] + float(p[PARAMETERS.index("s_sanctuary")]) * cells[4]
    for name, a, x in zip(clones, alive, s[:5].tolist(), strict=True):
        r["alive_" + name], r["x_" + name] = a, x
    for name, x in zip(("E", "M", "X", "I", "N", "P"), s[5:].tolist(), strict=True):
        r[name] = x
    r["shed_0"], r["made_0"] = shed, shed + cells[1] + cells[3]
    for name in ("m_protein", "flc", "sbcma_tumour", "sbcma_normal"):
        r[name] = 1.0
    r.integrator.relative_tolerance, r.integrator.absolute_tolerance = rtol, rtol * 1e-4
    r.integrator.maximum_num_steps = 200_000
    out = np.array(r.simulate(times=VISITS.tolist()))
    return np.concatenate([out[:, :4], out[:, 4:].sum(axis=1, keepdims=True)], axis=1)


@dataclass(frozen=True)
class Bar:
    """What a peer is held against: the reference, our median error, and our own speed, measured
    again beside each peer.
    """

    want: np.ndarray
    error: float
    own: Callable[[], object]
    patients: int

    def rate(self) -> float:
        return self.patients / timed(self.own, 3)[0]


def _tuned(
    name: str, run: Callable[[int, float], tuple[np.ndarray, float]], bar: Bar, n: int
) -> float:
    """Loosest tolerance that reaches our error; how many times our speed is the peer's with it, for
    `n` patients.
    """
    for rtol in TOLERANCES:
        try:
            got, _ = run(len(bar.want), rtol)
        except Exception as problem:  # a peer may fail at a loose tolerance: the next is tried
            print(f"  {name}: rtol {rtol:g} failed ({str(problem)[:60]})")
            continue
        e = errors(got, bar.want)
        if e[0] <= bar.error:
            break
    else:
        print(f"  {name}: does not reach a median error of {bar.error:.1e} (best {e[0]:.1e})")
    seconds = float(np.median([run(n, rtol)[1] for _ in range(3)]))
    ratio = bar.rate() * seconds / n
    print(
        f"  {name:28s} {n / seconds:10,.0f} patient-years/s   rtol {rtol:g}, error median"
        f" {e[0]:.1e} worst {e[1]:.1e}",
        end="",
    )
    print(f"   ours {ratio:,.0f} times", flush=True)
    return ratio


def peers() -> None:
    patients = group(400, 9)
    params, start = patients.params, patients.start
    want = five(np.array([solve(params[i], start[i], VISITS) for i in range(50)]))
    own = simulate(patients.rows(np.arange(50)), VISITS, FIVE).values
    ours = errors(own, want)
    print(
        f"\npeers, same equations and outputs, two cores; our error: median {ours[0]:.1e}, worst"
        f" {ours[1]:.1e}"
    )
    many = group(2000)
    bar = Bar(want, ours[0], lambda: simulate(many, VISITS, FIVE), len(many))
    found: list[float] = []
    with mp.Pool(2) as pool:
        pool.map(_lsoda, [(params[i], start[i], 1e-4) for i in range(4)])

        def scipy(n: int, rtol: float) -> tuple[np.ndarray, float]:
            t = time.perf_counter()
            out = np.array(
                pool.map(_lsoda, [(params[i], start[i], rtol) for i in range(n)], chunksize=10)
            )
            return five(out), time.perf_counter() - t

        found.append(_tuned("scipy LSODA, compiled slope", scipy, bar, 400))
    try:
        import roadrunner
    except ImportError:
        print("  libroadrunner: not installed")
    else:
        with mp.Pool(2, initializer=_load, initargs=(sbml(params[0], start[0]),)) as pool:

            def runner(n: int, rtol: float) -> tuple[np.ndarray, float]:
                t = time.perf_counter()
                out = np.array(
                    pool.map(
                        _roadrunner, [(params[i], start[i], rtol) for i in range(n)], chunksize=25
                    )
                )
                return out, time.perf_counter() - t

            runner(4, 1e-4)
            found.append(_tuned(f"libroadrunner {roadrunner.__version__}", runner, bar, 1000))
    try:
        found += _diffrax(params, start, bar)
    except ImportError:
        print("  diffrax: not installed")
    print(f"  ours against the best of them: {min(found):,.0f} times (needed 25)")
    _numbalsoda(params, start, bar)


def _compiled_loop() -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    """(LSODA, DOP853) of numbalsoda over a group of patients; the reference's equations as a C
    function that allocates nothing.
    """
    import numba as nb
    from numbalsoda import dop853, lsoda, lsoda_sig

    n_p, exp = len(PARAMETERS), math.exp
    made_0, shed_0, alive = n_p, n_p + 1, n_p + 2  # these follow the parameters
    (r, cap, h_a, soak, rho, k_c, d_e, eps, theta, d_m, k_x, d_x, kill_c, h_e, k_i, d_i, b_i, i50,
     lam, n50, lam_p, _turnover, k_m, k_f, k_s, _sink, s_san,
     w, _, _, _, _, seen, _, _, _, _) = range(n_p)  # fmt: skip

    @nb.cfunc(lsoda_sig)
    def slope(t: Any, y: Any, d: Any, p: Any) -> None:
        t0, t1, t2 = exp(y[0]) * p[alive], exp(y[1]) * p[alive + 1], exp(y[2]) * p[alive + 2]
        t3, t4 = exp(y[3]) * p[alive + 3], exp(y[4]) * p[alive + 4]
        e, m, x, i, n = y[5], y[6], y[7], y[8], y[9]
        burden = t0 + t1 + t2 + t3 + t4
        q = p[seen] * t0 + p[seen + 1] * t1 + p[seen + 2] * t2 + p[seen + 3] * t3 + p[seen + 4] * t4
        a = q / (p[h_a] * (1 + p[soak] * q) + q)
        phi = 1 / (1 + i / p[i50])
        full = n / p[n50]
        pos = max(e, 0.0)
        kill = p[kill_c] * pos / (p[h_e] + pos) * phi
        grow = p[r] * (1 - burden / p[cap])
        for c in range(5):
            d[c] = grow - p[w + c] * kill
        recall, rest, tire = p[theta] * a * phi * m, p[eps] * (1 - a) * e, p[k_x] * a
        d[5] = (
            e
            * (
                p[rho]
                * a
                * phi
                / (1 + full * full)
                * (1 - (e + m + x) / p[k_c])
                * pos
                / (pos + 1e-7)
                - p[d_e]
                - tire
            )
            - rest
            + recall
        )
        d[6] = rest - recall - p[d_m] * m
        d[7] = tire * e - p[d_x] * x
        d[8] = p[k_i] * burden / (p[b_i] + burden) - p[d_i] * i
        d[9] = p[lam] * n * (1 - n)
        d[10] = p[lam_p] * (1 - y[10]) - kill * y[10]
        hidden = p[s_san] * t4
        made = (t0 + t1 + t2 + t3 + hidden) / p[made_0]
        d[11] = p[k_m] * (made - y[11])
        d[12] = p[k_f] * (made - y[12])
        d[13] = p[k_s] * ((t0 + t2 + hidden) / p[shed_0] - y[13])
        d[14] = p[k_s] * (y[10] - y[14])

    address = slope.address

    def loop(solver: Any) -> Any:
        @nb.njit
        def run(first: Any, data: Any, days: Any, rtol: Any) -> Any:
            out = np.empty((len(first), len(days), 15))
            for k in range(len(first)):
                out[k], fine = solver(address, first[k], days, data[k], rtol, rtol * 1e-4, 200_000)
                if not fine:
                    out[k] = np.nan
            return out

        return run

    _KEPT.append(slope)
    return loop(lsoda), loop(dop853)


_KEPT: list[Any] = []  # a C function must outlive its address
_LOOPS: tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]] | None = None


def _load_loops() -> None:
    global _LOOPS
    _LOOPS = _compiled_loop()
    one = group(1)
    first, data = _with_markers(one.params[:1], one.start[:1])
    for run in _LOOPS:
        run(first, data, VISITS, 1e-4)


def _with_markers(params: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(15 initial values, parameters with initial production and clones that exist) per patient."""
    alive = (start[:, :5] > LN_CELL).astype(float)
    cells = np.exp(start[:, :5]) * alive
    shed = cells[:, 0] + cells[:, 2] + params[:, PARAMETERS.index("s_sanctuary")] * cells[:, 4]
    made = shed + cells[:, 1] + cells[:, 3]
    first = np.concatenate([start, np.ones((len(start), 3)), start[:, 10:11]], axis=1)
    return first, np.concatenate([params, made[:, None], shed[:, None], alive], axis=1)


def _loop(job: tuple[int, np.ndarray, np.ndarray, float]) -> np.ndarray:
    assert _LOOPS is not None
    full = _LOOPS[job[0]](job[1], job[2], VISITS, job[3])
    full[:, :, :5] = np.exp(full[:, :, :5]) * job[2][:, None, -5:]
    return full


def _numbalsoda(params: np.ndarray, start: np.ndarray, bar: Bar) -> None:
    """Compiled solvers called from compiled code: no part of the bar, but the nearest in kind to
    our own.
    """
    try:
        import numbalsoda  # noqa: F401
    except ImportError:
        print("  numbalsoda: not installed (builds from source only), no ratio")
        return
    first, data = _with_markers(params, start)
    with mp.Pool(2, initializer=_load_loops) as pool:
        for which, name in enumerate(("numbalsoda LSODA", "numbalsoda DOP853")):

            def run(n: int, rtol: float, which: int = which) -> tuple[np.ndarray, float]:
                parts = [
                    (which, first[i : min(i + 50, n)], data[i : min(i + 50, n)], rtol)
                    for i in range(0, n, 50)
                ]
                t = time.perf_counter()
                full = np.concatenate(pool.map(_loop, parts, chunksize=1))
                return five(full), time.perf_counter() - t

            run(100, 1e-4)
            _tuned(name, run, bar, len(params))


def _diffrax(params: np.ndarray, start: np.ndarray, bar: Bar) -> list[float]:
    import jax

    jax.config.update("jax_enable_x64", True)
    import diffrax
    import jax.numpy as jnp

    at = {name: i for i, name in enumerate(PARAMETERS)}

    def slope(t: Any, y: Any, a: Any) -> Any:
        p, w, made, shed, alive = a
        v = {name: p[i] for name, i in at.items()}
        cells = jnp.exp(y[:5]) * alive
        e, m, x, i, n, normal = (y[k] for k in range(5, 11))
        burden, q = cells.sum(), (w[5:] * cells).sum()
        antigen = q / (v["h_A"] * (1 + v["soak"] * q) + q)
        phi, space = 1 / (1 + i / v["I50"]), 1 / (1 + (n / v["N50"]) ** 2)
        pos = jnp.maximum(e, 0.0)
        kill = v["k_C"] * pos / (v["h_E"] + pos) * phi
        recall, rest = v["theta"] * antigen * phi * m, v["eps"] * (1 - antigen) * e
        grow = v["rho"] * antigen * phi * space * (1 - (e + m + x) / v["K_C"]) * pos / (pos + 1e-7)
        hidden = v["s_sanctuary"] * cells[4]
        secreting = (cells[:4].sum() + hidden) / made
        rest_of = jnp.stack(
            [
                e * (grow - v["d_E"] - v["k_X"] * antigen) - rest + recall,
                rest - recall - v["d_M"] * m,
                v["k_X"] * antigen * e - v["d_X"] * x,
                v["k_I"] * burden / (v["B_I"] + burden) - v["d_I"] * i,
                v["lam"] * n * (1 - n),
                v["lam_P"] * (1 - normal) - kill * normal,
                v["k_m"] * (secreting - y[11]),
                v["k_f"] * (secreting - y[12]),
                v["k_s"] * ((cells[0] + cells[2] + hidden) / shed - y[13]),
                v["k_s"] * (normal - y[14]),
            ]
        )
        return jnp.concatenate([v["r"] * (1 - burden / v["K"]) - w[:5] * kill, rest_of])

    first, data = _with_markers(params, start)
    made, shed, alive = data[:, -7], data[:, -6], data[:, -5:]
    weights = params[:, at["w_pp"] :]
    out: list[float] = []
    for name, solver in (("Tsit5", diffrax.Tsit5()), ("Kvaerno5", diffrax.Kvaerno5())):
        batch = 500 if name == "Tsit5" else 100

        def make(rtol: float, solver: Any = solver) -> Any:
            def one(p: Any, w: Any, a: Any, b: Any, live: Any, y: Any) -> Any:
                return diffrax.diffeqsolve(
                    diffrax.ODETerm(slope), solver, 0.0, float(VISITS[-1]), 1e-3, y,
                    args=(p, w, a, b, live),
                    saveat=diffrax.SaveAt(ts=jnp.asarray(VISITS)), max_steps=200_000, throw=False,
                    stepsize_controller=diffrax.PIDController(rtol=rtol, atol=rtol * 1e-4),
                ).ys  # fmt: skip

            return jax.jit(jax.vmap(one))

        compiled: dict[float, Callable[..., object]] = {}

        def run(
            n: int, rtol: float, batch: Any = batch, make: Any = make, compiled: Any = compiled
        ) -> tuple[np.ndarray, float]:
            f = compiled.setdefault(rtol, make(rtol))
            size = 50 if n <= 50 else batch
            arrays = (params, weights, made, shed, alive, first)
            parts = [tuple(x[i : i + size] for x in arrays) for i in range(0, n, size)]
            np.asarray(f(*parts[0]))  # compiled before the clock starts
            t = time.perf_counter()
            full = np.concatenate([np.asarray(f(*part)) for part in parts])
            return five(full), time.perf_counter() - t

        out.append(
            _tuned(
                f"diffrax {diffrax.__version__} {name}, vmap {batch}",
                run,
                bar,
                1000 if name == "Tsit5" else 200,
            )
        )
    return out
