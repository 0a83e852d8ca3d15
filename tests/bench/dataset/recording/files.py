"""ECG files of every kind, written from samples as devices write them: int16 (leads, n) in units of 1 or a few uV."""

import binascii
import struct

import numpy as np

from renderers import LEADS

EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
NUMBERS = {"I": 1, "II": 2, "V1": 3, "V2": 4, "V3": 5, "V4": 6, "V5": 7, "V6": 8} | {
    lead: number for number, lead in enumerate(("III", "aVR", "aVL", "aVF"), start=61)
}
PATIENT = "Testperson^Erika"
"""Stands as the patient's name in every file that has a place for one."""


def rows(samples, leads):
    """Return the rows of int16 (12, n) that belong to some leads."""
    return samples[[LEADS.index(lead) for lead in leads]]


def write_csv(  # noqa: PLR0913  # what a file can vary
    path, samples, leads=LEADS, separator=",", names=None, before=()
):
    columns = [*before, *rows(samples, leads)]
    names = [*names] if names else list(leads)
    lines = [separator.join(names), *(separator.join(map(str, row)) for row in zip(*columns, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_wfdb(  # noqa: PLR0913  # what a file can vary
    path, samples, fs=500, leads=LEADS, gain="1000(0)/mV", names=None, form="16", file=None
):
    kept = rows(samples, leads)
    (path.with_suffix(".dat")).write_bytes(packed(kept.T.reshape(-1), form))
    lines = [f"{path.stem} {len(leads)} {fs} {kept.shape[1]}"]
    for name, values in zip(names or leads, kept, strict=True):
        total = (int(values.astype(np.int64).sum()) + 32768) % 65536 - 32768
        lines.append(f"{file or path.stem + '.dat'} {form} {gain} 16 0 {values[0]} {total} 0 {name}")
    header = path.with_suffix(".hea")
    header.write_text("\n".join([*lines, f"# Name: {PATIENT}"]) + "\n")
    return header


def packed(values, form):
    if form == "212":
        pairs = (np.append(values, [0] * (len(values) % 2)).astype(np.int64) & 0xFFF).reshape(-1, 2)
        first, second = pairs.T
        three = np.stack([first & 0xFF, (first >> 8) | (second >> 8 << 4), second & 0xFF], axis=1)
        return three.astype(np.uint8).tobytes()
    if form == "24":
        return np.ascontiguousarray(values.astype("<i4")[:, None].view(np.uint8).reshape(-1, 4)[:, :3]).tobytes()
    return values.astype({"16": "<i2", "32": "<i4", "61": ">i2"}[form]).tobytes()


def aecg(  # noqa: PLR0913  # what a file can vary
    samples, fs=500, leads=LEADS, scale="1", unit="uV", head="", codes=None
):
    def sequence(code, value):
        return f'<component><sequence><code code="{code}"/>{value}</sequence></component>'

    time = f'<value xsi:type="GLIST_TS"><head value="20260101"/><increment value="{1 / fs:.6g}" unit="s"/></value>'
    parts = [sequence("TIME_ABSOLUTE", time)]
    for code, values in zip(
        codes or [f"MDC_ECG_LEAD_{lead.upper()}" for lead in leads], rows(samples, leads), strict=True
    ):
        digits = " ".join(map(str, values))
        value = f'<origin value="0" unit="{unit}"/><scale value="{scale}" unit="{unit}"/><digits>{digits}</digits>'
        parts.append(sequence(code, f'<value xsi:type="SLIST_PQ">{value}</value>'))
    beat = sequence("MDC_ECG_LEAD_I", f'<value><scale value="1" unit="uV"/><digits>{"1 " * 99}</digits></value>')
    beats = f"<component><sequenceSet>{beat}</sequenceSet></component>"
    derived = f"<derivation><derivedSeries>{beats}</derivedSeries></derivation>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}'
        '<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<subject><name>{PATIENT}</name></subject><component><series><component><sequenceSet>{''.join(parts)}"
        f"</sequenceSet></component>{derived}</series></component></AnnotatedECG>"
    )


def write_aecg(path, *args, **kwargs):
    path.write_text(aecg(*args, **kwargs), encoding="utf-8")
    return path


def write_dicom(path, samples, fs=500, leads=LEADS, scheme="MDC", unit="uV", gain="1.0", padding=None):  # noqa: PLR0913
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage, generate_uid

    def coded(value, designator, meaning):
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, designator, meaning
        return code

    def channel(lead):
        one = Dataset()
        number = f"2:{NUMBERS[lead]}" if scheme == "MDC" else f"5.6.3-9-{NUMBERS[lead]}"
        one.ChannelSourceSequence = [coded(number, scheme, f"Lead {lead}")]
        if unit:
            one.ChannelSensitivity, one.ChannelSensitivityCorrectionFactor, one.ChannelBaseline = gain, "1", "0"
            one.ChannelSensitivityUnitsSequence = [coded(unit, "UCUM", "voltage")]
        one.WaveformBitsStored = 16
        return one

    kept = rows(samples, leads)
    group = Dataset()
    group.WaveformOriginality, group.MultiplexGroupLabel = "ORIGINAL", "RHYTHM"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = kept.shape
    group.SamplingFrequency = str(fs)
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.ChannelDefinitionSequence = [channel(lead) for lead in leads]
    if padding is not None:
        group.add_new("WaveformPaddingValue", "OW", struct.pack("<h", padding))
    group.add_new("WaveformData", "OW", np.ascontiguousarray(kept.T.astype("<i2")).tobytes())
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = TwelveLeadECGWaveformStorage, generate_uid()
    dataset.PatientName, dataset.Modality, dataset.WaveformSequence = PATIENT, "ECG", [group]
    dataset.save_as(path, enforce_file_format=True)
    return path


def huffman(values):
    """Return values as bits of the default table of SCP-ECG: 0, 10..0 0/1 for 1 to 8, else 8 or 16 bits as they are."""
    bits = []
    for value in map(int, values):
        if value == 0:
            bits.append("0")
        elif abs(value) <= 8:
            bits.append("1" * abs(value) + ("00" if value > 0 else "01"))
        elif -128 <= value <= 127:
            bits.append("1111111110" + f"{value & 0xFF:08b}")
        else:
            bits.append("1111111111" + f"{value & 0xFFFF:016b}")
    whole = "".join(bits)
    whole += "0" * (-len(whole) % 8)
    return bytes(int(whole[place : place + 8], 2) for place in range(0, len(whole), 8))


def scp(  # noqa: PLR0913  # what the format can vary
    samples,
    fs=500,
    leads=EIGHT,
    multiplier=1000,
    differences=2,
    coded=True,
    numbers=None,
    flags=4,
    bimodal=0,
    table=None,
):
    kept = rows(samples, leads).astype(np.int64)
    stored = []
    for values in kept:
        if differences == 1:
            values = np.concatenate([values[:1], np.diff(values)])
        elif differences == 2:
            values = np.concatenate([values[:2], np.diff(values, n=2)])
        stored.append(huffman(values) if coded else values.astype("<i2").tobytes())
    count = kept.shape[1]
    numbers = numbers or [NUMBERS[lead] for lead in leads]
    definition = bytes([len(leads), flags | len(leads) << 3 & 0xF8])
    definition += b"".join(struct.pack("<IIB", 1, count, number) for number in numbers)
    rhythm = struct.pack("<HHBB", multiplier, round(1e6 / fs), differences, bimodal)
    rhythm += b"".join(struct.pack("<H", len(part)) for part in stored) + b"".join(stored)
    name = PATIENT.encode() + b"\0"
    sections = {1: b"\0" + struct.pack("<H", len(name)) + name + b"\xff\0\0", 3: definition, 6: rhythm}
    if coded:
        sections[2] = struct.pack("<H", 19999) if table is None else table
    return record(sections)


def record(sections):
    """Return an SCP-ECG record of sections, by number, with its pointers and checksums."""

    def section(number, data):
        rest = struct.pack("<HIBB6s", number, 16 + len(data), 20, 20, b"SCPECG" if number == 0 else b"\0" * 6) + data
        return struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF)) + rest

    begin, pointers, parts = 6 + 16 + 12 * 10, {}, []
    place = begin
    for number, data in sorted(sections.items()):
        parts.append(section(number, data))
        pointers[number] = (len(parts[-1]), place + 1)
        place += len(parts[-1])
    pointers[0] = (begin - 6, 7)
    table = b"".join(struct.pack("<HII", number, *pointers.get(number, (0, 0))) for number in range(12))
    rest = struct.pack("<I", place) + section(0, table) + b"".join(parts)
    return struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF)) + rest


def write_scp(path, *args, **kwargs):
    path.write_bytes(scp(*args, **kwargs))
    return path
