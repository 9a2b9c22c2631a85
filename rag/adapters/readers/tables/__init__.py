"""CSV, TSV, JSON and JSON lines: one document for each record."""

from rag.adapters.readers.tables.delimited import read_csv
from rag.adapters.readers.tables.json_records import parsed, read_json, read_jsonl

__all__ = ["parsed", "read_csv", "read_json", "read_jsonl"]
