<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>ActiveJobsBar</name>
    <message numerus="yes">
        <source>and %Ln more</source>
        <translation>
            <numerusform>and %Ln more</numerusform>
            <numerusform>and %Ln more</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AddController</name>
    <message numerus="yes">
        <source>%Ln file(s) or folder(s) not found, such as {path}.</source>
        <translation>
            <numerusform>There is no file or folder {path}.</numerusform>
            <numerusform>%Ln files or folders were not found, such as {path}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) added: {options}.</source>
        <translation>
            <numerusform>%Ln recording added: {options}.</numerusform>
            <numerusform>%Ln recordings added: {options}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln of these not on this computer, such as {address}. Copy them here and add the copies.</source>
        <translation>
            <numerusform>{address} is not on this computer. Copy it here and add the copy.</numerusform>
            <numerusform>%Ln of these are not on this computer, such as {address}. Copy them here and add the copies.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) or folder(s) cannot be read, such as {path} ({reason}).</source>
        <translation>
            <numerusform>{path} cannot be read ({reason}).</numerusform>
            <numerusform>%Ln files or folders cannot be read, such as {path} ({reason}).</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) of other types skipped ({kinds}).</source>
        <translation>
            <numerusform>%Ln file of another type was skipped ({kinds}).</numerusform>
            <numerusform>%Ln files of other types were skipped ({kinds}).</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) already in the list with the same options.</source>
        <translation>
            <numerusform>%Ln recording is already in the list with the same options.</numerusform>
            <numerusform>%Ln recordings are already in the list with the same options.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Process %Ln recording(s) again</source>
        <translation>
            <numerusform>Process again</numerusform>
            <numerusform>Process %Ln again</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) changed: {options}.</source>
        <translation>
            <numerusform>%Ln recording changed: {options}.</numerusform>
            <numerusform>%Ln recordings changed: {options}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) already started. Process again with these options?</source>
        <translation>
            <numerusform>%Ln recording has already started. Process it again with these options?</numerusform>
            <numerusform>%Ln recordings have already started. Process them again with these options?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AddedOptionsSheet</name>
    <message numerus="yes">
        <source>The %Ln recording(s) just added</source>
        <translation>
            <numerusform>The recording just added</numerusform>
            <numerusform>The %Ln recordings just added</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AddedWords</name>
    <message numerus="yes">
        <source>Adding words to %Ln recording(s)</source>
        <translation>
            <numerusform>Adding words to %Ln recording</numerusform>
            <numerusform>Adding words to %Ln recordings</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AuditTrailPage</name>
    <message numerus="yes">
        <source>%Ln more finding(s).</source>
        <translation>
            <numerusform>%Ln more finding.</numerusform>
            <numerusform>%Ln more findings.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>CellTexts</name>
    <message numerus="yes">
        <source>%Ln recording(s)</source>
        <translation>
            <numerusform>%Ln recording</numerusform>
            <numerusform>%Ln recordings</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln completed</source>
        <translation>
            <numerusform>%Ln completed</numerusform>
            <numerusform>%Ln completed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln failed</source>
        <translation>
            <numerusform>%Ln failed</numerusform>
            <numerusform>%Ln failed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln cancelled</source>
        <translation>
            <numerusform>%Ln cancelled</numerusform>
            <numerusform>%Ln cancelled</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ChoiceLabels</name>
    <message numerus="yes">
        <source>%Ln speaker(s)</source>
        <translation>
            <numerusform>%Ln speaker</numerusform>
            <numerusform>%Ln speakers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DeidentifyDialog</name>
    <message numerus="yes">
        <source>%Ln place(s) will be replaced.</source>
        <translation>
            <numerusform>%Ln place will be replaced.</numerusform>
            <numerusform>%Ln places will be replaced.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DragExport</name>
    <message numerus="yes">
        <source>At most %Ln file(s) can be dragged. Use Export for more.</source>
        <translation>
            <numerusform>At most %Ln file can be dragged. Use Export for more.</numerusform>
            <numerusform>At most %Ln files can be dragged. Use Export for more.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s) left out, because unreadable.</source>
        <translation>
            <numerusform>%Ln result cannot be read and was left out.</numerusform>
            <numerusform>%Ln results cannot be read and were left out.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln transcript(s)</source>
        <translation>
            <numerusform>%Ln transcript</numerusform>
            <numerusform>%Ln transcripts</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ExportController</name>
    <message numerus="yes">
        <source>%Ln result(s) copied as a note.</source>
        <translation>
            <numerusform>%Ln result copied as a note.</numerusform>
            <numerusform>%Ln results copied as a note.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln of these files already exist(s) in the folder “{folder}”.</source>
        <translation>
            <numerusform>%Ln of these files already exists in the folder “{folder}”.</numerusform>
            <numerusform>%Ln of these files already exist in the folder “{folder}”.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s) cannot be read; retry to make them again.</source>
        <translation>
            <numerusform>%Ln result cannot be read. Retry the recording to make it again.</numerusform>
            <numerusform>%Ln results cannot be read. Retry the recordings to make them again.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) not written, such as {file}.</source>
        <translation>
            <numerusform>{file} was not written.</numerusform>
            <numerusform>%Ln files were not written, such as {file}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) written.</source>
        <translation>
            <numerusform>%Ln file written.</numerusform>
            <numerusform>%Ln files written.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FactsLine</name>
    <message numerus="yes">
        <source>%Ln speaker(s)</source>
        <translation>
            <numerusform>%Ln speaker</numerusform>
            <numerusform>%Ln speakers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln speaking turn(s)</source>
        <translation>
            <numerusform>%Ln speaking turn</numerusform>
            <numerusform>%Ln speaking turns</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln word(s)</source>
        <translation>
            <numerusform>%Ln word</numerusform>
            <numerusform>%Ln words</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FailuresPage</name>
    <message numerus="yes">
        <source>%Ln failed recording(s)</source>
        <translation>
            <numerusform>%Ln failed recording</numerusform>
            <numerusform>%Ln failed recordings</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln line(s) copied.</source>
        <translation>
            <numerusform>%Ln line copied.</numerusform>
            <numerusform>%Ln lines copied.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FindWindow</name>
    <message numerus="yes">
        <source>%Ln line(s)</source>
        <translation>
            <numerusform>%Ln line</numerusform>
            <numerusform>%Ln lines</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The newest %Ln line(s); scroll for more</source>
        <translation>
            <numerusform>The newest line; scroll for more</numerusform>
            <numerusform>The newest %Ln lines; scroll for more</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s) cannot be found yet.</source>
        <translation>
            <numerusform>%Ln result cannot be found yet.</numerusform>
            <numerusform>%Ln results cannot be found yet.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>HistoryLabels</name>
    <message numerus="yes">
        <source>%Ln recording(s)</source>
        <translation>
            <numerusform>%Ln recording</numerusform>
            <numerusform>%Ln recordings</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LabelDialog</name>
    <message numerus="yes">
        <source>%Ln recording(s)</source>
        <translation>
            <numerusform>%Ln recording</numerusform>
            <numerusform>%Ln recordings</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MonitorWindow</name>
    <message numerus="yes">
        <source>%Ln alert(s)</source>
        <translation>
            <numerusform>%Ln alert</numerusform>
            <numerusform>%Ln alerts</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln waiting recording(s) removed.</source>
        <translation>
            <numerusform>%Ln waiting recording removed.</numerusform>
            <numerusform>%Ln waiting recordings removed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) will be processed again.</source>
        <translation>
            <numerusform>%Ln recording will be processed again.</numerusform>
            <numerusform>%Ln recordings will be processed again.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Reading the list: %Ln job(s)</source>
        <translation>
            <numerusform>Reading the list: %Ln job</numerusform>
            <numerusform>Reading the list: %Ln jobs</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>OptionsBar</name>
    <message numerus="yes">
        <source>%Ln word(s)</source>
        <translation>
            <numerusform>%Ln word</numerusform>
            <numerusform>%Ln words</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PrintController</name>
    <message numerus="yes">
        <source>%Ln result(s) given to the printer.</source>
        <translation>
            <numerusform>%Ln result given to the printer.</numerusform>
            <numerusform>%Ln results given to the printer.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s) cannot be read; retry to make them again.</source>
        <translation>
            <numerusform>%Ln result cannot be read. Retry the recording to make it again.</numerusform>
            <numerusform>%Ln results cannot be read. Retry the recordings to make them again.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PurgePrompt</name>
    <message numerus="yes">
        <source>%Ln recording(s) waiting for a worker or a retry will be removed.</source>
        <translation>
            <numerusform>%Ln recording waiting for a worker or a retry will be removed.</numerusform>
            <numerusform>%Ln recordings waiting for a worker or a retry will be removed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %Ln waiting recording(s)?</source>
        <translation>
            <numerusform>Remove %Ln waiting recording?</numerusform>
            <numerusform>Remove %Ln waiting recordings?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QueueNotifier</name>
    <message numerus="yes">
        <source>%Ln done</source>
        <translation>
            <numerusform>%Ln done</numerusform>
            <numerusform>%Ln done</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln failed</source>
        <translation>
            <numerusform>%Ln failed</numerusform>
            <numerusform>%Ln failed</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RecordingFinder</name>
    <message numerus="yes">
        <source>Searching… %Ln file(s) compared</source>
        <translation>
            <numerusform>Searching… %Ln file compared</numerusform>
            <numerusform>Searching… %Ln files compared</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RejectedRecordings</name>
    <message numerus="yes">
        <source>%Ln recording(s) or folder(s) not added.</source>
        <translation>
            <numerusform>%Ln recording or folder was not added.</numerusform>
            <numerusform>%Ln recordings or folders were not added.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RemovalQuestion</name>
    <message numerus="yes">
        <source>Remove %Ln recording(s) from the list?</source>
        <translation>
            <numerusform>Remove %Ln recording from the list?</numerusform>
            <numerusform>Remove %Ln recordings from the list?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Deleted: %Ln result(s) with all corrections.</source>
        <translation>
            <numerusform>Deleted: %Ln result with all corrections.</numerusform>
            <numerusform>Deleted: %Ln results with all corrections.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Comparing %Ln recording(s) with the results…</source>
        <translation>
            <numerusform>Comparing %Ln recording with its result…</numerusform>
            <numerusform>Comparing %Ln recordings with the results…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) moved to the trash</source>
        <translation>
            <numerusform>%Ln recording moved to the trash</numerusform>
            <numerusform>%Ln recordings moved to the trash</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln more recording(s) stayed.</source>
        <translation>
            <numerusform>%Ln more recording stayed.</numerusform>
            <numerusform>%Ln more recordings stayed.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ReviewBar</name>
    <message numerus="yes">
        <source>%Ln doubt(s) left</source>
        <translation>
            <numerusform>%Ln doubt left</numerusform>
            <numerusform>%Ln doubts left</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SelectionView</name>
    <message numerus="yes">
        <source>%Ln recording(s)</source>
        <translation>
            <numerusform>%Ln recording</numerusform>
            <numerusform>%Ln recordings</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message numerus="yes">
        <source>%Ln running</source>
        <translation>
            <numerusform>%Ln running</numerusform>
            <numerusform>%Ln running</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln waiting</source>
        <translation>
            <numerusform>%Ln waiting</numerusform>
            <numerusform>%Ln waiting</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln retrying</source>
        <translation>
            <numerusform>%Ln retrying</numerusform>
            <numerusform>%Ln retrying</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln failed</source>
        <translation>
            <numerusform>%Ln failed</numerusform>
            <numerusform>%Ln failed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln completed</source>
        <translation>
            <numerusform>%Ln completed</numerusform>
            <numerusform>%Ln completed</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>TextPanel</name>
    <message numerus="yes">
        <source>%Ln replaced</source>
        <translation>
            <numerusform>%Ln replaced</numerusform>
            <numerusform>%Ln replaced</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>TrayIcon</name>
    <message numerus="yes">
        <source>%Ln running</source>
        <translation>
            <numerusform>%Ln running</numerusform>
            <numerusform>%Ln running</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln waiting</source>
        <translation>
            <numerusform>%Ln waiting</numerusform>
            <numerusform>%Ln waiting</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>UiLabels</name>
    <message numerus="yes">
        <source>Process again with %Ln speaker(s)</source>
        <translation>
            <numerusform>Process again with %Ln speaker</numerusform>
            <numerusform>Process again with %Ln speakers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>UndoableLabels</name>
    <message numerus="yes">
        <source>Case of %Ln recording(s) changed</source>
        <translation>
            <numerusform>Case of %Ln recording changed</numerusform>
            <numerusform>Case of %Ln recordings changed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Date of %Ln recording(s) changed</source>
        <translation>
            <numerusform>Date of %Ln recording changed</numerusform>
            <numerusform>Date of %Ln recordings changed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Case and date of %Ln recording(s) changed</source>
        <translation>
            <numerusform>Case and date of %Ln recording changed</numerusform>
            <numerusform>Case and date of %Ln recordings changed</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>UndoableRemoval</name>
    <message numerus="yes">
        <source>%Ln recording(s) removed</source>
        <translation>
            <numerusform>%Ln recording removed</numerusform>
            <numerusform>%Ln recordings removed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) started meanwhile and stayed</source>
        <translation>
            <numerusform>%Ln recording started meanwhile and stayed</numerusform>
            <numerusform>%Ln recordings started meanwhile and stayed</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>UndoableRetry</name>
    <message numerus="yes">
        <source>Process %Ln finished recording(s) again?</source>
        <translation>
            <numerusform>Process %Ln finished recording again?</numerusform>
            <numerusform>Process %Ln finished recordings again?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Only the %Ln without a result</source>
        <translation>
            <numerusform>Only the %Ln without a result</numerusform>
            <numerusform>Only the %Ln without a result</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Processing %Ln finished recording(s) again</source>
        <translation>
            <numerusform>Processing %Ln finished recording again</numerusform>
            <numerusform>Processing %Ln finished recordings again</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>VersionBox</name>
    <message numerus="yes">
        <source>%Ln speaker(s)</source>
        <translation>
            <numerusform>%Ln speaker</numerusform>
            <numerusform>%Ln speakers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WatchController</name>
    <message numerus="yes">
        <source>%Ln recording(s) added from watched folders.</source>
        <translation>
            <numerusform>%Ln recording added from watched folders.</numerusform>
            <numerusform>%Ln recordings added from watched folders.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WatchIndicator</name>
    <message numerus="yes">
        <source>%Ln folder(s) watched</source>
        <translation>
            <numerusform>%Ln folder watched</numerusform>
            <numerusform>%Ln folders watched</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WatchedFolderLabels</name>
    <message numerus="yes">
        <source>%Ln still being written</source>
        <translation>
            <numerusform>%Ln still being written</numerusform>
            <numerusform>%Ln still being written</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln cannot be opened</source>
        <translation>
            <numerusform>%Ln cannot be opened</numerusform>
            <numerusform>%Ln cannot be opened</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln folder(s) cannot be read</source>
        <translation>
            <numerusform>%Ln folder cannot be read</numerusform>
            <numerusform>%Ln folders cannot be read</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) of other types skipped ({kinds})</source>
        <translation>
            <numerusform>%Ln file of another type skipped ({kinds})</numerusform>
            <numerusform>%Ln files of other types skipped ({kinds})</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln added</source>
        <translation>
            <numerusform>%Ln added</numerusform>
            <numerusform>%Ln added</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WatchedFoldersDialog</name>
    <message numerus="yes">
        <source>Add the %Ln recording(s) already in this folder?</source>
        <translation>
            <numerusform>Add the recording already in this folder?</numerusform>
            <numerusform>Add the %Ln recordings already in this folder?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WelcomeDialog</name>
    <message numerus="yes">
        <source>{title} ({size}): about %Ln minute(s) per hour of recording on this computer.</source>
        <translation>
            <numerusform>{title} ({size}): about %Ln minute per hour of recording on this computer.</numerusform>
            <numerusform>{title} ({size}): about %Ln minutes per hour of recording on this computer.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WorkersPanel</name>
    <message numerus="yes">
        <source>%Ln worker(s)</source>
        <translation>
            <numerusform>%Ln worker</numerusform>
            <numerusform>%Ln workers</numerusform>
        </translation>
    </message>
</context>
</TS>
