import gc

from PySide6.QtCore import QTimer

MANY = 400_000


def test_what_comes_in_great_numbers_is_not_looked_at(dressed):
    collector = dressed.findChild(QTimer, "garbage")
    gc.collect()
    rows = [[number] for number in range(MANY)]
    try:
        collector.timeout.emit()
        assert gc.get_freeze_count() > MANY
        assert len(rows) == MANY
    finally:
        gc.unfreeze()


def test_what_outlived_a_long_collection_is_not_looked_at_again(dressed):
    rows = [[number] for number in range(MANY)]
    collector = dressed.findChild(QTimer, "garbage")
    try:
        for _ in range(gc.get_threshold()[2] + 1):
            gc.collect(1)  # so many of these, and a full one is due
        collector.timeout.emit()
        kept = gc.get_freeze_count()
        assert kept > MANY
        del rows
        assert gc.get_freeze_count() <= kept - MANY  # they go as soon as nobody refers to them
    finally:
        gc.unfreeze()
