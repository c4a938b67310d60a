"""The monitor's machines: this computer, and those of workers elsewhere."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from fi_desktop.core.values import ServerLoad
from fi_desktop.gui.monitor.monitor_labels import NOTHING, MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import Cell, CellsModel, ColumnHeading, FiguresTable
from fi_desktop.viewmodel.worker_rows import MachineRow


class MachinesPage(QWidget):
    """Shows each computer with its workers.

    Attributes:
        machines: one row each, this computer first.
        server: what the clinic's server has to do; hidden if none is used or it cannot be reached.
    """

    def __init__(self, labels: MonitorLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = labels
        self.shown: list[MachineRow] = []
        self.machines = CellsModel(
            (
                ColumnHeading(self.tr("Computer")),
                ColumnHeading(self.tr("State")),
                ColumnHeading(self.tr("Workers"), figures=True),
                ColumnHeading(self.tr("Working"), self.tr("Workers with a recording"), figures=True),
                ColumnHeading(
                    self.tr("CPU"),
                    self.tr("Of all cores; of another computer: of its workers, percent of one core"),
                    figures=True,
                ),
                ColumnHeading(
                    self.tr("Memory"), self.tr("In use; of another computer: by its workers"), figures=True
                ),
                ColumnHeading(self.tr("GPU memory"), self.tr("Of its workers"), figures=True),
                ColumnHeading(self.tr("Free disk"), figures=True),
                ColumnHeading(self.tr("Done"), figures=True),
                ColumnHeading(self.tr("Failed"), figures=True),
                ColumnHeading(
                    self.tr("Heard"),
                    self.tr("Time since a worker's last message, while it works"),
                    figures=True,
                ),
            ),
            self,
        )
        widest = {
            1: self.tr("Does not answer"),
            2: "000",
            3: "000",
            4: "1,000 %",
            5: "00.0 / 000.0 GB",
            6: "00.0 GB",
            7: "000.0 GB",
            8: "00,000",
            9: "00,000",
            10: "00.0 s",
        }
        table = FiguresTable(self.tr("Computers"), self.machines, widest, self, signs=False, min_chars=16)
        self.server = QLabel(self)
        self.server.setWordWrap(True)
        self.server.setContentsMargins(16, 10, 16, 0)
        self.server.hide()
        note = QLabel(
            self.tr("Workers on other computers are listed with the computer that they run on."), self
        )
        note.setObjectName("quiet")
        note.setWordWrap(True)
        note.setContentsMargins(16, 10, 16, 12)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(table, 1)
        column.addWidget(self.server)
        column.addWidget(note)

    def show_machines(self, machines: list[MachineRow]) -> None:
        """Show the computers."""
        self.shown = machines
        self.machines.show_rows([self._row(machine) for machine in machines])

    def show_server(self, load: ServerLoad | None) -> None:
        """Show what the clinic's server has to do."""
        self.server.setVisible(load is not None)
        if load is None:
            return
        figures = (
            self.tr("waiting in Redis: {number}").format(number=self._labels.number(load.waiting, 0)),
            self.tr("being processed: {number} of {most}").format(
                number=self._labels.number(load.working, 0), most=self._labels.number(load.processes, 0)
            ),
            self.tr("Redis commands a second: {number}").format(
                number=NOTHING if load.commands_s is None else self._labels.number(load.commands_s, 0)
            ),
        )
        name = self.tr("Server {name}, for all computers").format(name=load.host)
        self.server.setText("   ·   ".join((name, *figures)))

    def _row(self, machine: MachineRow) -> tuple[Cell, ...]:
        labels = self._labels
        memory = labels.amount(machine.memory_bytes)
        if machine.memory_bytes is not None and machine.memory_total is not None:
            used = labels.number(machine.memory_bytes / 1e9, 1)
            memory = f"{used} / {labels.amount(machine.memory_total)}"
        return (
            Cell(machine.name or self.tr("This computer")),
            self._state(machine),
            Cell(labels.number(machine.workers, 0)),
            Cell(labels.number(machine.working, 0)),
            Cell(labels.share(machine.cpu_percent / 100, 0)),
            Cell(memory),
            Cell(labels.amount(machine.gpu_bytes)),
            Cell(labels.amount(machine.disk_free)),
            Cell(labels.number(machine.done, 0)),
            Cell(labels.number(machine.failed, 0), tone="bad" if machine.failed else ""),
            Cell(labels.duration(machine.silent_s) if machine.silent_s is not None else NOTHING),
        )

    def _state(self, machine: MachineRow) -> Cell:
        if not machine.workers:
            return Cell(self.tr("No workers"), tone="warn")
        if not machine.answers:
            return Cell(self.tr("Does not answer"), tone="bad")
        return Cell(self.tr("Working") if machine.working else self.tr("Idle"))
