"""The compiled loop that gives every pixel its colour."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_DISK = np.array(
    [[-0.33, -0.1], [0.5, 0.4], [-0.2, 0.65], [0.2, -0.6], [-0.8, 0.3], [0.85, -0.25], [-0.6, -0.7], [0.1, 0.15]]
)
"""Where in a lamp's disk shadows are looked up."""
_BIAS = 0.0025
"""A surface this little behind the first one that a light meets is still lit [m]."""
_BLEND = 0.03
"""Projections of a texture with less weight are left out."""


@numba.njit(cache=True, fastmath=True)
def _sample(textures: Any, which: int, u: float, v: float, weight: float, color: Any) -> None:
    size = textures.shape[1]
    x, y = u * size, v * size
    i, j = int(np.floor(x)), int(np.floor(y))
    a, b = x - i, y - j
    i0, i1, j0, j1 = i % size, (i + 1) % size, j % size, (j + 1) % size
    w00, w01, w10, w11 = (1 - a) * (1 - b) * weight, a * (1 - b) * weight, (1 - a) * b * weight, a * b * weight
    for k in range(3):
        color[k] += (
            w00 * textures[which, j0, i0, k]
            + w01 * textures[which, j0, i1, k]
            + w10 * textures[which, j1, i0, k]
            + w11 * textures[which, j1, i1, k]
        )


@numba.njit(cache=True, fastmath=True)
def triplanar(textures: Any, which: int, rest: Any, i: int, j: int, k: int, r: Any, color: Any) -> None:
    """The texture projected along the axes that the face looks along most, in its rest pose."""
    ux, uy, uz = rest[j, 0] - rest[i, 0], rest[j, 1] - rest[i, 1], rest[j, 2] - rest[i, 2]
    vx, vy, vz = rest[k, 0] - rest[i, 0], rest[k, 1] - rest[i, 1], rest[k, 2] - rest[i, 2]
    wx, wy, wz = abs(uy * vz - uz * vy), abs(uz * vx - ux * vz), abs(ux * vy - uy * vx)
    largest = max(wx, wy, wz) + 1e-30
    wx, wy, wz = (wx / largest) ** 6, (wy / largest) ** 6, (wz / largest) ** 6
    total = wx + wy + wz
    color[0] = color[1] = color[2] = 0.0
    if wx > _BLEND * total:
        _sample(textures, which, r[1], r[2], wx / total, color)
    if wy > _BLEND * total:
        _sample(textures, which, r[0], r[2], wy / total, color)
    if wz > _BLEND * total:
        _sample(textures, which, r[0], r[1], wz / total, color)


@numba.njit(cache=True, fastmath=True)
def _lit(frame: Any, depth_map: Any, radius: float, px: float, py: float, pz: float, ca: float, sa: float) -> float:
    """Share of a lamp's disk that a point sees: the width of the half shade grows with the way to what is before."""
    size = depth_map.shape[0]
    x = frame[0] * px + frame[1] * py + frame[2] * pz + frame[9]
    y = frame[3] * px + frame[4] * py + frame[5] * pz + frame[10]
    z = frame[6] * px + frame[7] * py + frame[8] * pz + frame[11]
    if z < 0.05:
        return 1.0
    u, v = frame[12] * x / z + frame[13], frame[12] * y / z + frame[14]
    if u < 0.0 or v < 0.0 or u > size - 1.0 or v > size - 1.0:
        return 1.0
    before = 1.0 / (z - _BIAS)
    reach = frame[12] * radius * 0.25 / z
    blocked, count = 0.0, 0
    for n in range(8):
        i = int(u + reach * (ca * _DISK[n, 0] - sa * _DISK[n, 1]) + 0.5)
        j = int(v + reach * (sa * _DISK[n, 0] + ca * _DISK[n, 1]) + 0.5)
        if 0 <= i < size and 0 <= j < size and depth_map[j, i] > before:
            blocked += 1.0 / depth_map[j, i]
            count += 1
    if count == 0:
        return 1.0
    nearest = blocked / count
    reach = min(reach, max(1.0, frame[12] * radius * (z - nearest) / nearest / z))
    hidden = 0
    for n in range(8):
        i = int(u + reach * (ca * _DISK[n, 0] - sa * _DISK[n, 1]) + 0.5)
        j = int(v + reach * (sa * _DISK[n, 0] + ca * _DISK[n, 1]) + 0.5)
        if 0 <= i < size and 0 <= j < size and depth_map[j, i] > before:
            hidden += 1
    return 1.0 - hidden / 8.0


@numba.njit(cache=True, fastmath=True)
def shade_pixels(
    points: Any,
    normals: Any,
    faces: Any,
    groups: Any,
    rest: Any,
    color: Any,
    part_of_face: Any,
    textures: Any,
    look: Any,
    planes: Any,
    face_id: Any,
    inverse_depth: Any,
    K: Any,
    lights: Any,
    frames: Any,
    maps: Any,
    ambient: Any,
    up: Any,
    image: Any,
) -> None:
    """Adds the colour of every pixel to an image (H, W, 3), in place; `Shader` prepares the arguments."""
    parts = look.shape[0] - planes.shape[0]
    albedo, r = np.empty(3), np.empty(3)
    for row in range(face_id.shape[0]):
        for column in range(face_id.shape[1]):
            dx, dy = (column - K[2]) / K[0], (row - K[3]) / K[1]
            f, plane = face_id[row, column], -1
            z = 1.0 / inverse_depth[row, column] if f >= 0 else 1e9
            for q in range(planes.shape[0]):
                towards = planes[q, 0] * dx + planes[q, 1] * dy + planes[q, 2]
                if towards > -1e-6:
                    continue
                t = -planes[q, 3] / towards
                if 0.0 < t < z:
                    u = t * (planes[q, 4] * dx + planes[q, 5] * dy + planes[q, 6]) + planes[q, 7]
                    v = t * (planes[q, 8] * dx + planes[q, 9] * dy + planes[q, 10]) + planes[q, 11]
                    if abs(u) <= planes[q, 12] and abs(v) <= planes[q, 13]:
                        z, plane = t, q
                        r[0], r[1] = u, v
            px, py, pz = dx * z, dy * z, z
            if plane >= 0:
                which = parts + plane
                nx, ny, nz = planes[plane, 0], planes[plane, 1], planes[plane, 2]
                albedo[0] = albedo[1] = albedo[2] = 0.0
                _sample(textures, which, r[0] * look[which, 0], r[1] * look[which, 0], 1.0, albedo)
            elif f >= 0:
                which = part_of_face[f]
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                ux, uy, uz = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
                vx, vy, vz = points[k, 0] - points[i, 0], points[k, 1] - points[i, 1], points[k, 2] - points[i, 2]
                qx, qy, qz = px - points[i, 0], py - points[i, 1], pz - points[i, 2]
                d11, d12, d22 = ux * ux + uy * uy + uz * uz, ux * vx + uy * vy + uz * vz, vx * vx + vy * vy + vz * vz
                p1, p2 = qx * ux + qy * uy + qz * uz, qx * vx + qy * vy + qz * vz
                scale = 1.0 / (d11 * d22 - d12 * d12 + 1e-30)
                b1, b2 = (d22 * p1 - d12 * p2) * scale, (d11 * p2 - d12 * p1) * scale
                b0 = 1.0 - b1 - b2
                g0, g1, g2 = groups[f, 0], groups[f, 1], groups[f, 2]
                nx = b0 * normals[g0, 0] + b1 * normals[g1, 0] + b2 * normals[g2, 0]
                ny = b0 * normals[g0, 1] + b1 * normals[g1, 1] + b2 * normals[g2, 1]
                nz = b0 * normals[g0, 2] + b1 * normals[g1, 2] + b2 * normals[g2, 2]
                length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-20
                nx, ny, nz = nx / length, ny / length, nz / length
                fx, fy, fz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
                if (nx * fx + ny * fy + nz * fz) * (px * fx + py * fy + pz * fz) > 0.0:
                    nx, ny, nz = -nx, -ny, -nz  # so that it is on the side of the face that is seen
                for c in range(3):
                    r[c] = b0 * rest[i, c] + b1 * rest[j, c] + b2 * rest[k, c]
                triplanar(textures, which, rest, i, j, k, r, albedo)
                for c in range(3):
                    albedo[c] *= b0 * color[i, c] + b1 * color[j, c] + b2 * color[k, c]
            else:
                continue
            roughness, specular, wrap = look[which, 1], look[which, 2], look[which, 3]
            eye = 1.0 / np.sqrt(dx * dx + dy * dy + 1.0)
            ex, ey, ez = -dx * eye, -dy * eye, -eye
            facing = max(0.05, nx * ex + ny * ey + nz * ez)
            sky = 0.5 + 0.5 * (nx * up[0] + ny * up[1] + nz * up[2])
            rim = specular + (1.0 - roughness) * 0.3 * (1.0 - facing) ** 5
            metal = min(1.0, specular * 1.6)  # what reflects much has a coloured reflection and little colour below
            for c in range(3):
                around = ambient[1, c] + (ambient[0, c] - ambient[1, c]) * sky
                tint = 1.0 + metal * (albedo[c] * 1.5 - 1.0)
                image[row, column, c] += albedo[c] * around * (1.0 - 0.6 * metal) + rim * around * tint
            turn = ((column * 73856093) ^ (row * 19349663)) % 1024 * (6.2831853 / 1024)
            ca, sa = np.cos(turn), np.sin(turn)
            for n in range(lights.shape[0]):
                lx, ly, lz = lights[n, 0] - px, lights[n, 1] - py, lights[n, 2] - pz
                away = np.sqrt(lx * lx + ly * ly + lz * lz)
                lx, ly, lz = lx / away, ly / away, lz / away
                straight = nx * lx + ny * ly + nz * lz
                if straight <= -wrap:
                    continue
                lit = _lit(frames[n], maps[n], lights[n, 6], px, py, pz, ca, sa)
                hx, hy, hz = lx + ex, ly + ey, lz + ez
                half = 1.0 / (np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9)
                along = max(0.0, (nx * hx + ny * hy + nz * hz) * half)
                a2 = roughness**4
                spread = along * along * (a2 - 1.0) + 1.0
                glint = a2 / (spread * spread) * specular / (4.0 * max(0.15, facing)) * max(0.0, straight) * lit
                for c in range(3):
                    creep = wrap if c == 0 else 0.35 * wrap  # red light goes furthest through skin
                    direct = max(0.0, straight + creep) / (1.0 + creep) ** 2
                    tint = 1.0 + metal * (albedo[c] * 1.5 - 1.0)
                    image[row, column, c] += lights[n, 3 + c] * (
                        albedo[c] * direct * lit * (1.0 - 0.6 * metal) + min(glint, 4.0) * tint
                    )
