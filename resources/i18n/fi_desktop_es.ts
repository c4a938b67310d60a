<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="es" sourcelanguage="en">
<context>
    <name>AboutDialog</name>
    <message>
        <source>Loading…</source>
        <translation>Cargando…</translation>
    </message>
    <message>
        <source>Copy the version for a support request; contains nothing personal</source>
        <translation>Copiar la versión para una solicitud de soporte; no contiene nada personal</translation>
    </message>
    <message>
        <source>Recordings and results never leave this computer. fi-desktop uses the network only to download models that you ask for and, if you allow it, to check for updates.</source>
        <translation>Las grabaciones y los resultados nunca salen de esta computadora. fi-desktop usa la red solo para descargar los modelos que usted pida y, si lo permite, para buscar actualizaciones.</translation>
    </message>
    <message>
        <source>Libraries and models in fi-desktop:</source>
        <translation>Bibliotecas y modelos en fi-desktop:</translation>
    </message>
    <message>
        <source>About fi-desktop</source>
        <translation>Acerca de fi-desktop</translation>
    </message>
    <message>
        <source>Libraries and models, with their licences</source>
        <translation>Bibliotecas y modelos, con sus licencias</translation>
    </message>
    <message>
        <source>Copy version</source>
        <translation>Copiar versión</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Cerrar</translation>
    </message>
    <message>
        <source>Version {version}</source>
        <translation>Versión {version}</translation>
    </message>
    <message>
        <source>© 2026 The fi-desktop authors. Free software: MIT licence.</source>
        <translation>© 2026 The fi-desktop authors. Software libre: licencia MIT.</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelos</translation>
    </message>
    <message>
        <source>Libraries</source>
        <translation>Bibliotecas</translation>
    </message>
</context>
<context>
    <name>ActLabels</name>
    <message>
        <source>Case or date changed</source>
        <translation>Caso o fecha cambiados</translation>
    </message>
    <message>
        <source>Deleted by age</source>
        <translation>Eliminado por antigüedad</translation>
    </message>
    <message>
        <source>Clock confirmed</source>
        <translation>Reloj confirmado</translation>
    </message>
    <message>
        <source>Legal hold placed</source>
        <translation>Retención legal aplicada</translation>
    </message>
    <message>
        <source>Legal hold released</source>
        <translation>Retención legal levantada</translation>
    </message>
    <message>
        <source>Recording moved to the trash</source>
        <translation>Grabación movida a la papelera</translation>
    </message>
    <message>
        <source>Old entries deleted</source>
        <translation>Entradas antiguas eliminadas</translation>
    </message>
    <message>
        <source>Added</source>
        <translation>Agregado</translation>
    </message>
    <message>
        <source>Sent to the server</source>
        <translation>Enviada al servidor</translation>
    </message>
    <message>
        <source>Completed</source>
        <translation>Completado</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Falló</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>Cancelado</translation>
    </message>
    <message>
        <source>Processed again</source>
        <translation>Procesado de nuevo</translation>
    </message>
    <message>
        <source>Version chosen</source>
        <translation>Versión elegida</translation>
    </message>
    <message>
        <source>Recording found elsewhere</source>
        <translation>Grabación encontrada en otro lugar</translation>
    </message>
    <message>
        <source>List shown</source>
        <translation>Lista mostrada</translation>
    </message>
    <message>
        <source>Searched</source>
        <translation>Búsqueda</translation>
    </message>
    <message>
        <source>Opened</source>
        <translation>Abierto</translation>
    </message>
    <message>
        <source>Played</source>
        <translation>Reproducido</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Copiado</translation>
    </message>
    <message>
        <source>Exported</source>
        <translation>Exportado</translation>
    </message>
    <message>
        <source>Printed</source>
        <translation>Impreso</translation>
    </message>
    <message>
        <source>Edited</source>
        <translation>Corregido</translation>
    </message>
    <message>
        <source>Reviewed</source>
        <translation>Revisado</translation>
    </message>
    <message>
        <source>Signed</source>
        <translation>Firmado</translation>
    </message>
    <message>
        <source>Removed</source>
        <translation>Eliminado</translation>
    </message>
    <message>
        <source>Settings changed</source>
        <translation>Configuración modificada</translation>
    </message>
    <message>
        <source>Retention changed</source>
        <translation>Conservación modificada</translation>
    </message>
    <message>
        <source>Model approved</source>
        <translation>Modelo aprobado</translation>
    </message>
    <message>
        <source>Model removed</source>
        <translation>Modelo eliminado</translation>
    </message>
    <message>
        <source>Locked</source>
        <translation>Bloqueado</translation>
    </message>
    <message>
        <source>Unlock tried</source>
        <translation>Intento de desbloqueo</translation>
    </message>
    <message>
        <source>Program started</source>
        <translation>Programa iniciado</translation>
    </message>
    <message>
        <source>Program stopped</source>
        <translation>Programa terminado</translation>
    </message>
    <message>
        <source>Audit trail read</source>
        <translation>Bitácora consultada</translation>
    </message>
    <message>
        <source>Earlier jobs found</source>
        <translation>Trabajos anteriores encontrados</translation>
    </message>
    <message>
        <source>file names</source>
        <translation>nombres de archivo</translation>
    </message>
    <message>
        <source>as a note</source>
        <translation>como nota</translation>
    </message>
    <message>
        <source>text</source>
        <translation>texto</translation>
    </message>
    <message>
        <source>by age</source>
        <translation>por antigüedad</translation>
    </message>
    <message>
        <source>replaced by another job</source>
        <translation>reemplazado por otro trabajo</translation>
    </message>
    <message>
        <source>by a person</source>
        <translation>por una persona</translation>
    </message>
    <message>
        <source>folder in this account</source>
        <translation>carpeta de esta cuenta</translation>
    </message>
    <message>
        <source>removable drive</source>
        <translation>unidad extraíble</translation>
    </message>
    <message>
        <source>network drive</source>
        <translation>unidad de red</translation>
    </message>
    <message>
        <source>terminal</source>
        <translation>terminal</translation>
    </message>
    <message>
        <source>another program</source>
        <translation>otro programa</translation>
    </message>
    <message>
        <source>printer</source>
        <translation>impresora</translation>
    </message>
    <message>
        <source>another folder</source>
        <translation>otra carpeta</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>Cases instead of file &amp;names</source>
        <translation>Casos en vez de &amp;nombres de archivo</translation>
    </message>
    <message>
        <source>Call recordings by their cases, if they have one</source>
        <translation>Mostrar las grabaciones por su caso, si lo tienen</translation>
    </message>
    <message>
        <source>&amp;Find in transcripts…</source>
        <translation>&amp;Buscar en transcripciones…</translation>
    </message>
    <message>
        <source>Find words in all transcripts</source>
        <translation>Buscar palabras en todas las transcripciones</translation>
    </message>
    <message>
        <source>Only on &amp;mains power</source>
        <translation>Solo con corriente &amp;eléctrica</translation>
    </message>
    <message>
        <source>At &amp;any time</source>
        <translation>A &amp;cualquier hora</translation>
    </message>
    <message>
        <source>Recordings start at any time</source>
        <translation>Las grabaciones empiezan a cualquier hora</translation>
    </message>
    <message>
        <source>Recordings start at night only</source>
        <translation>Las grabaciones solo empiezan de noche</translation>
    </message>
    <message>
        <source>No recording starts on battery</source>
        <translation>Con batería no empieza ninguna grabación</translation>
    </message>
    <message>
        <source>At &amp;night ({times})</source>
        <translation>De &amp;noche ({times})</translation>
    </message>
    <message>
        <source>Use &amp;less of this computer</source>
        <translation>Usar &amp;menos esta computadora</translation>
    </message>
    <message>
        <source>Let your other programs go first</source>
        <translation>Dejar pasar primero a sus otros programas</translation>
    </message>
    <message>
        <source>&amp;Queue</source>
        <translation>&amp;Cola</translation>
    </message>
    <message>
        <source>Add &amp;recordings…</source>
        <translation>&amp;Agregar grabaciones…</translation>
    </message>
    <message>
        <source>Add &amp;folder…</source>
        <translation>Agregar &amp;carpeta…</translation>
    </message>
    <message>
        <source>&amp;Settings…</source>
        <translation>Confi&amp;guración…</translation>
    </message>
    <message>
        <source>&amp;Undo removal</source>
        <translation>&amp;Deshacer quitar</translation>
    </message>
    <message>
        <source>Collapse &amp;batches</source>
        <translation>Contraer &amp;lotes</translation>
    </message>
    <message>
        <source>Add copied files, or files whose paths were copied</source>
        <translation>Agregar los archivos copiados, o aquellos cuyas rutas se copiaron</translation>
    </message>
    <message>
        <source>Add new recordings from a folder automatically</source>
        <translation>Agregar automáticamente las grabaciones nuevas de una carpeta</translation>
    </message>
    <message>
        <source>Install models for speaker identification and transcription</source>
        <translation>Instalar modelos para identificar hablantes y transcribir</translation>
    </message>
    <message>
        <source>Show workers and queue</source>
        <translation>Mostrar los procesos y la cola</translation>
    </message>
    <message>
        <source>Change the settings</source>
        <translation>Cambiar la configuración</translation>
    </message>
    <message>
        <source>Lock the window until you enter the PIN</source>
        <translation>Bloquear la ventana hasta que escriba el PIN</translation>
    </message>
    <message>
        <source>Show details of the selected job</source>
        <translation>Mostrar los detalles del trabajo seleccionado</translation>
    </message>
    <message>
        <source>Restore the jobs removed last</source>
        <translation>Restaurar los últimos trabajos quitados</translation>
    </message>
    <message>
        <source>Show recordings that were added together as one row</source>
        <translation>Mostrar en una sola fila las grabaciones que se agregaron juntas</translation>
    </message>
    <message>
        <source>&amp;Paste</source>
        <translation>&amp;Pegar</translation>
    </message>
    <message>
        <source>&amp;Watch folders…</source>
        <translation>&amp;Vigilar carpetas…</translation>
    </message>
    <message>
        <source>&amp;Models…</source>
        <translation>&amp;Modelos…</translation>
    </message>
    <message>
        <source>M&amp;onitor…</source>
        <translation>M&amp;onitor…</translation>
    </message>
    <message>
        <source>&amp;Lock</source>
        <translation>&amp;Bloquear</translation>
    </message>
    <message>
        <source>&amp;Expand batches</source>
        <translation>&amp;Expandir lotes</translation>
    </message>
    <message>
        <source>&amp;Details</source>
        <translation>&amp;Detalles</translation>
    </message>
    <message>
        <source>Select &amp;all</source>
        <translation>Seleccionar &amp;todo</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Salir</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Archivo</translation>
    </message>
    <message>
        <source>&amp;Job</source>
        <translation>&amp;Trabajo</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ver</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Idioma</translation>
    </message>
    <message>
        <source>Resume the &amp;queue</source>
        <translation>Reanudar la co&amp;la</translation>
    </message>
    <message>
        <source>Pause the &amp;queue</source>
        <translation>Pausar la co&amp;la</translation>
    </message>
</context>
<context>
    <name>ActiveJobsBar</name>
    <message>
        <source>In progress</source>
        <translation>En proceso</translation>
    </message>
    <message>
        <source>In progress:</source>
        <translation>En proceso:</translation>
    </message>
    <message numerus="yes">
        <source>and %Ln more</source>
        <translation>
            <numerusform>y %Ln más</numerusform>
            <numerusform>y %Ln más</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AddController</name>
    <message>
        <source>Only files and folders on this computer can be added.</source>
        <translation>Solo se pueden agregar archivos y carpetas de esta computadora.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) or folder(s) not found, such as {path}.</source>
        <translation>
            <numerusform>No existe el archivo o la carpeta {path}.</numerusform>
            <numerusform>No se encontraron %Ln archivos o carpetas, como {path}.</numerusform>
        </translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>Cambiar…</translation>
    </message>
    <message numerus="yes">
        <source>%Ln of these not on this computer, such as {address}. Copy them here and add the copies.</source>
        <translation>
            <numerusform>{address} no está en esta computadora. Cópielo aquí y agregue la copia.</numerusform>
            <numerusform>%Ln de estos no están en esta computadora, como {address}. Cópielos aquí y agregue las copias.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) or folder(s) cannot be read, such as {path} ({reason}).</source>
        <translation>
            <numerusform>No se puede leer {path} ({reason}).</numerusform>
            <numerusform>No se pueden leer %Ln archivos o carpetas, como {path} ({reason}).</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) of other types skipped ({kinds}).</source>
        <translation>
            <numerusform>Se omitió %Ln archivo de otro tipo ({kinds}).</numerusform>
            <numerusform>Se omitieron %Ln archivos de otros tipos ({kinds}).</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) already in the list with the same options.</source>
        <translation>
            <numerusform>%Ln grabación ya está en la lista con las mismas opciones.</numerusform>
            <numerusform>%Ln grabaciones ya están en la lista con las mismas opciones.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Process %Ln recording(s) again</source>
        <translation>
            <numerusform>Procesar de nuevo</numerusform>
            <numerusform>Procesar %Ln de nuevo</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) changed: {options}.</source>
        <translation>
            <numerusform>%Ln grabación cambiada: {options}.</numerusform>
            <numerusform>%Ln grabaciones cambiadas: {options}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) already started. Process again with these options?</source>
        <translation>
            <numerusform>%Ln grabación ya empezó a procesarse. ¿Procesarla de nuevo con estas opciones?</numerusform>
            <numerusform>%Ln grabaciones ya empezaron a procesarse. ¿Procesarlas de nuevo con estas opciones?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) added: {options}.</source>
        <translation>
            <numerusform>%Ln grabación agregada: {options}.</numerusform>
            <numerusform>%Ln grabaciones agregadas: {options}.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AddedOptionsSheet</name>
    <message>
        <source>Options of the recordings just added</source>
        <translation>Opciones de las grabaciones recién agregadas</translation>
    </message>
    <message>
        <source>Apply</source>
        <translation>Aplicar</translation>
    </message>
    <message>
        <source>Use these options for recordings that have not started yet</source>
        <translation>Usar estas opciones en las grabaciones que aún no empiezan</translation>
    </message>
    <message>
        <source>Close without changes</source>
        <translation>Cerrar sin cambios</translation>
    </message>
    <message>
        <source>Close without changes (Esc)</source>
        <translation>Cerrar sin cambios (Esc)</translation>
    </message>
    <message numerus="yes">
        <source>The %Ln recording(s) just added</source>
        <translation>
            <numerusform>La grabación recién agregada</numerusform>
            <numerusform>Las %Ln grabaciones recién agregadas</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AddedWords</name>
    <message>
        <source>Words are added once the model is installed.</source>
        <translation>Las palabras se agregarán en cuanto el modelo esté instalado.</translation>
    </message>
    <message numerus="yes">
        <source>Adding words to %Ln recording(s)</source>
        <translation>
            <numerusform>Agregando palabras a %Ln grabación</numerusform>
            <numerusform>Agregando palabras a %Ln grabaciones</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AgainDialog</name>
    <message>
        <source>Process again</source>
        <translation>Procesar de nuevo</translation>
    </message>
    <message>
        <source>This makes a new version. The current one stays with all its corrections, and you can return to it at any time.</source>
        <translation>Se crea una versión nueva. La actual se conserva con todas sus correcciones y usted puede volver a ella en cualquier momento.</translation>
    </message>
    <message>
        <source>Number of speakers</source>
        <translation>Número de hablantes</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Idioma</translation>
    </message>
    <message>
        <source>Languages in this recording:</source>
        <translation>Idiomas de esta grabación:</translation>
    </message>
    <message>
        <source>Transcription model</source>
        <translation>Modelo de transcripción</translation>
    </message>
    <message>
        <source>&amp;Speakers</source>
        <translation>&amp;Hablantes</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Idioma</translation>
    </message>
    <message>
        <source>&amp;Transcription</source>
        <translation>&amp;Transcripción</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
</context>
<context>
    <name>AppController</name>
    <message>
        <source>Wait until the models are ready before you change the language.</source>
        <translation>Espere a que los modelos estén listos antes de cambiar el idioma.</translation>
    </message>
    <message>
        <source>The queue is not running</source>
        <translation>La cola no está en marcha</translation>
    </message>
</context>
<context>
    <name>AttemptCard</name>
    <message>
        <source>Technical details</source>
        <translation>Detalles técnicos</translation>
    </message>
    <message>
        <source>Attempt {number}: {outcome}</source>
        <translation>Intento {number}: {outcome}</translation>
    </message>
    <message>
        <source>{stage}: kept from attempt {number}</source>
        <translation>{stage}: se conserva del intento {number}</translation>
    </message>
    <message>
        <source>{stage}: interrupted after {time}</source>
        <translation>{stage}: interrumpido después de {time}</translation>
    </message>
</context>
<context>
    <name>AuditTrailPage</name>
    <message>
        <source>Day</source>
        <translation>Día</translation>
    </message>
    <message>
        <source>What was done</source>
        <translation>Qué se hizo</translation>
    </message>
    <message>
        <source>&amp;Verify</source>
        <translation>&amp;Verificar</translation>
    </message>
    <message>
        <source>Find entries that were changed, cut, swapped or left out</source>
        <translation>Encontrar registros modificados, cortados, intercambiados u omitidos</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exportar…</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Cuándo</translation>
    </message>
    <message>
        <source>Who</source>
        <translation>Quién</translation>
    </message>
    <message>
        <source>Job</source>
        <translation>Trabajo</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Detalles</translation>
    </message>
    <message>
        <source>Audit trail</source>
        <translation>Bitácora de auditoría</translation>
    </message>
    <message>
        <source>All days</source>
        <translation>Todos los días</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>Todo</translation>
    </message>
    <message>
        <source>The audit trail is as it was written.</source>
        <translation>La bitácora de auditoría está como se escribió.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln more finding(s).</source>
        <translation>
            <numerusform>%Ln hallazgo más.</numerusform>
            <numerusform>%Ln hallazgos más.</numerusform>
        </translation>
    </message>
    <message>
        <source>Export the audit trail</source>
        <translation>Exportar la bitácora de auditoría</translation>
    </message>
    <message>
        <source>Saved as {file}.</source>
        <translation>Se guardó como {file}.</translation>
    </message>
</context>
<context>
    <name>Bridge</name>
    <message>
        <source>Something went wrong ({error}).</source>
        <translation>Algo salió mal ({error}).</translation>
    </message>
</context>
<context>
    <name>CaseLine</name>
    <message>
        <source>name of the patient or visit</source>
        <translation>nombre del paciente o la consulta</translation>
    </message>
    <message>
        <source>Case</source>
        <translation>Caso</translation>
    </message>
</context>
<context>
    <name>CellTexts</name>
    <message>
        <source>Legal hold</source>
        <translation>Retención legal</translation>
    </message>
    <message>
        <source>Result kept</source>
        <translation>Con resultado</translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s)</source>
        <translation>
            <numerusform>%Ln grabación</numerusform>
            <numerusform>%Ln grabaciones</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln completed</source>
        <translation>
            <numerusform>%Ln completado</numerusform>
            <numerusform>%Ln completados</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln failed</source>
        <translation>
            <numerusform>%Ln fallido</numerusform>
            <numerusform>%Ln fallidos</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln cancelled</source>
        <translation>
            <numerusform>%Ln cancelado</numerusform>
            <numerusform>%Ln cancelados</numerusform>
        </translation>
    </message>
    <message>
        <source>Added {moment}</source>
        <translation>Agregada el {moment}</translation>
    </message>
    <message>
        <source>Auto</source>
        <translation>Auto</translation>
    </message>
    <message>
        <source>Time running so far</source>
        <translation>Tiempo que lleva en curso</translation>
    </message>
    <message>
        <source>Time waiting so far</source>
        <translation>Tiempo que lleva en espera</translation>
    </message>
    <message>
        <source>Total time, with retries</source>
        <translation>Tiempo total, con reintentos</translation>
    </message>
    <message>
        <source>calculating…</source>
        <translation>calculando…</translation>
    </message>
</context>
<context>
    <name>ChoiceLabels</name>
    <message>
        <source>no transcript</source>
        <translation>sin transcripción</translation>
    </message>
    <message>
        <source>own export</source>
        <translation>exportación propia</translation>
    </message>
    <message>
        <source>any number of speakers</source>
        <translation>cualquier número de hablantes</translation>
    </message>
    <message numerus="yes">
        <source>%Ln speaker(s)</source>
        <translation>
            <numerusform>%Ln hablante</numerusform>
            <numerusform>%Ln hablantes</numerusform>
        </translation>
    </message>
    <message>
        <source>{range} speakers</source>
        <translation>{range} hablantes</translation>
    </message>
</context>
<context>
    <name>ClinicNamesDialog</name>
    <message>
        <source>Names of this clinic</source>
        <translation>Nombres de esta clínica</translation>
    </message>
    <message>
        <source>These are found in every recording: people who work here, places, whatever must not be in a de-identified copy. One per line.</source>
        <translation>Se buscan en todas las grabaciones: personas que trabajan aquí, lugares y todo lo que no deba aparecer en una copia desidentificada. Uno por línea.</translation>
    </message>
    <message>
        <source>After “=”, a line can say what it is: {kinds}. What starts with “!” is never replaced.</source>
        <translation>Después de «=», la línea puede decir qué es: {kinds}. Lo que empieza con «!» nunca se sustituye.</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Guardar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
</context>
<context>
    <name>CloseQuestion</name>
    <message>
        <source>Recordings are being processed: {running} running, {waiting} waiting.</source>
        <translation>Hay grabaciones en proceso: {running} en curso, {waiting} en espera.</translation>
    </message>
    <message>
        <source>Nothing is lost if you stop: these recordings go back to the queue and are processed the next time you open fi-desktop.</source>
        <translation>Si detiene el programa no se pierde nada: estas grabaciones vuelven a la cola y se procesan la próxima vez que abra fi-desktop.</translation>
    </message>
    <message>
        <source>Continue in the background</source>
        <translation>Continuar en segundo plano</translation>
    </message>
    <message>
        <source>Continue minimized</source>
        <translation>Continuar minimizado</translation>
    </message>
    <message>
        <source>Stop and quit</source>
        <translation>Detener y salir</translation>
    </message>
    <message>
        <source>Close fi-desktop</source>
        <translation>Cerrar fi-desktop</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
</context>
<context>
    <name>Column</name>
    <message>
        <source>Date</source>
        <translation>Fecha</translation>
    </message>
    <message>
        <source>When it was recorded</source>
        <translation>Cuándo se grabó</translation>
    </message>
    <message>
        <source>Case</source>
        <translation>Caso</translation>
    </message>
    <message>
        <source>Name that you give to the patient or the visit</source>
        <translation>Nombre que usted da al paciente o a la consulta</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Grabación</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Estado</translation>
    </message>
    <message>
        <source>Stage</source>
        <translation>Fase</translation>
    </message>
    <message>
        <source>Current step, or how reliable the result is</source>
        <translation>Paso actual, o qué tan confiable es el resultado</translation>
    </message>
    <message>
        <source>Review</source>
        <translation>Revisión</translation>
    </message>
    <message>
        <source>Whether a person has reviewed or signed the result</source>
        <translation>Si una persona revisó o firmó el resultado</translation>
    </message>
    <message>
        <source>Speakers</source>
        <translation>Hablantes</translation>
    </message>
    <message>
        <source>Number of speakers found, or requested</source>
        <translation>Número de hablantes encontrado, o solicitado</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Duración</translation>
    </message>
    <message>
        <source>Length of the recording</source>
        <translation>Duración de la grabación</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Tiempo</translation>
    </message>
    <message>
        <source>Time waiting or running so far, or total time with retries</source>
        <translation>Tiempo que lleva en espera o en curso, o tiempo total con reintentos</translation>
    </message>
    <message>
        <source>Time left</source>
        <translation>Restante</translation>
    </message>
    <message>
        <source>Estimated time until it is done</source>
        <translation>Tiempo estimado para terminar</translation>
    </message>
    <message>
        <source>Attempts</source>
        <translation>Intentos</translation>
    </message>
    <message>
        <source>Number of attempts so far</source>
        <translation>Número de intentos hasta ahora</translation>
    </message>
    <message>
        <source>Added</source>
        <translation>Agregada</translation>
    </message>
    <message>
        <source>Finished</source>
        <translation>Fin</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Motor</translation>
    </message>
    <message>
        <source>Engine that identifies the speakers</source>
        <translation>Motor que identifica a los hablantes</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Idioma</translation>
    </message>
    <message>
        <source>Language found, or requested</source>
        <translation>Idioma detectado, o solicitado</translation>
    </message>
    <message>
        <source>Batch</source>
        <translation>Lote</translation>
    </message>
    <message>
        <source>Recordings added together have the same number</source>
        <translation>Las grabaciones agregadas juntas tienen el mismo número</translation>
    </message>
    <message>
        <source>Wrong words</source>
        <translation>Palabras erróneas</translation>
    </message>
    <message>
        <source>Share of the words that is probably wrong</source>
        <translation>Proporción de palabras que probablemente están mal</translation>
    </message>
</context>
<context>
    <name>ColumnLayout</name>
    <message>
        <source>Columns</source>
        <translation>Columnas</translation>
    </message>
    <message>
        <source>&amp;Columns</source>
        <translation>&amp;Columnas</translation>
    </message>
    <message>
        <source>Reset to default</source>
        <translation>Restablecer</translation>
    </message>
</context>
<context>
    <name>CorrectionsController</name>
    <message>
        <source>Play from here</source>
        <translation>Reproducir desde aquí</translation>
    </message>
    <message>
        <source>Edit text</source>
        <translation>Editar texto</translation>
    </message>
    <message>
        <source>Split before this word</source>
        <translation>Dividir antes de esta palabra</translation>
    </message>
</context>
<context>
    <name>DateLine</name>
    <message>
        <source>Date</source>
        <translation>Fecha</translation>
    </message>
</context>
<context>
    <name>DeidentifyAction</name>
    <message>
        <source>De-&amp;identified copy…</source>
        <translation>Copia desi&amp;dentificada…</translation>
    </message>
</context>
<context>
    <name>DeidentifyDialog</name>
    <message>
        <source>De-identified copy</source>
        <translation>Copia desidentificada</translation>
    </message>
    <message>
        <source>This list is not complete. It comes from rules and lists of names, which miss some and find too many. Read the whole copy before you pass it on.</source>
        <translation>Esta lista no es completa. Proviene de reglas y listas de nombres, que pasan por alto algunos y encuentran otros de más. Lea toda la copia antes de entregarla.</translation>
    </message>
    <message>
        <source>Show the copy</source>
        <translation>Mostrar la copia</translation>
    </message>
    <message>
        <source>Type or select what else to replace</source>
        <translation>Escriba o seleccione qué más sustituir</translation>
    </message>
    <message>
        <source>Text to replace everywhere</source>
        <translation>Texto que se sustituye en todas partes</translation>
    </message>
    <message>
        <source>What it is</source>
        <translation>Qué es</translation>
    </message>
    <message>
        <source>Replace everywhere</source>
        <translation>Sustituir en todas partes</translation>
    </message>
    <message>
        <source>Names of this clinic…</source>
        <translation>Nombres de esta clínica…</translation>
    </message>
    <message>
        <source>Shift dates by some weeks, without labels</source>
        <translation>Desplazar las fechas unas semanas, sin etiquetas</translation>
    </message>
    <message>
        <source>All dates move by the same random number of weeks.</source>
        <translation>Todas las fechas se desplazan el mismo número de semanas, elegido al azar.</translation>
    </message>
    <message>
        <source>Also save what the labels stand for, to be kept elsewhere</source>
        <translation>Guardar también qué significa cada etiqueta, en otro lugar</translation>
    </message>
    <message>
        <source>Save the copy…</source>
        <translation>Guardar la copia…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Cerrar</translation>
    </message>
    <message>
        <source>Person</source>
        <translation>Persona</translation>
    </message>
    <message>
        <source>Other name</source>
        <translation>Otro nombre</translation>
    </message>
    <message>
        <source>Date</source>
        <translation>Fecha</translation>
    </message>
    <message>
        <source>Age over 89</source>
        <translation>Edad mayor de 89</translation>
    </message>
    <message>
        <source>Phone</source>
        <translation>Teléfono</translation>
    </message>
    <message>
        <source>E-mail</source>
        <translation>Correo</translation>
    </message>
    <message>
        <source>Link</source>
        <translation>Enlace</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Domicilio</translation>
    </message>
    <message>
        <source>Place</source>
        <translation>Lugar</translation>
    </message>
    <message>
        <source>Institution</source>
        <translation>Institución</translation>
    </message>
    <message>
        <source>Number</source>
        <translation>Número</translation>
    </message>
    <message>
        <source>Account</source>
        <translation>Cuenta</translation>
    </message>
    <message>
        <source>Save as:</source>
        <translation>Guardar como:</translation>
    </message>
    <message numerus="yes">
        <source>%Ln place(s) will be replaced.</source>
        <translation>
            <numerusform>Se sustituirá en %Ln lugar.</numerusform>
            <numerusform>Se sustituirá en %Ln lugares.</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing is replaced.</source>
        <translation>No se sustituye nada.</translation>
    </message>
    <message>
        <source>“{text}” is not said.</source>
        <translation>No se dice «{text}».</translation>
    </message>
    <message>
        <source>Folder for the copy</source>
        <translation>Carpeta para la copia</translation>
    </message>
    <message>
        <source>Saved as {file}. Read it before you pass it on.</source>
        <translation>Guardado como {file}. Léalo antes de entregarlo.</translation>
    </message>
    <message>
        <source>What the labels stand for: keep it apart from the copy</source>
        <translation>Qué significa cada etiqueta: guárdelo aparte de la copia</translation>
    </message>
    <message>
        <source>Key of the copy</source>
        <translation>Clave de la copia</translation>
    </message>
    <message>
        <source>The key is saved. Anyone who has it can tell who the people are.</source>
        <translation>Se guardó la clave. Quien la tenga puede saber quiénes son las personas.</translation>
    </message>
</context>
<context>
    <name>DetailsPanel</name>
    <message>
        <source>Details</source>
        <translation>Detalles</translation>
    </message>
    <message>
        <source>Select a recording to see its details.</source>
        <translation>Seleccione una grabación para ver sus detalles.</translation>
    </message>
</context>
<context>
    <name>DoubtMarks</name>
    <message>
        <source>Not sure who says: {words}</source>
        <translation>No es seguro quién dice: {words}</translation>
    </message>
    <message>
        <source>Someone else spoke at the same time: {words}</source>
        <translation>Otra persona hablaba al mismo tiempo: {words}</translation>
    </message>
    <message>
        <source>Not sure of these words: {words}</source>
        <translation>Palabras dudosas: {words}</translation>
    </message>
    <message>
        <source>Not sure of this word: {words}</source>
        <translation>Palabra dudosa: {words}</translation>
    </message>
</context>
<context>
    <name>DragExport</name>
    <message numerus="yes">
        <source>At most %Ln file(s) can be dragged. Use Export for more.</source>
        <translation>
            <numerusform>Se puede arrastrar %Ln archivo como máximo. Para más, use Exportar.</numerusform>
            <numerusform>Se pueden arrastrar %Ln archivos como máximo. Para más, use Exportar.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s) left out, because unreadable.</source>
        <translation>
            <numerusform>No se pudo leer %Ln resultado y se omitió.</numerusform>
            <numerusform>No se pudieron leer %Ln resultados y se omitieron.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln transcript(s)</source>
        <translation>
            <numerusform>%Ln transcripción</numerusform>
            <numerusform>%Ln transcripciones</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DropOverlay</name>
    <message>
        <source>Drop to add</source>
        <translation>Suelte para agregar</translation>
    </message>
</context>
<context>
    <name>EmptyState</name>
    <message>
        <source>Files or folders with audio or video. You will see who spoke when.
Everything stays on this computer.</source>
        <translation>Archivos o carpetas con audio o video. Verá quién habló y cuándo.
Todo se queda en esta computadora.</translation>
    </message>
    <message>
        <source>Try a sample</source>
        <translation>Probar un ejemplo</translation>
    </message>
    <message>
        <source>A short conversation between two people, included with the program</source>
        <translation>Una conversación breve entre dos personas, incluida con el programa</translation>
    </message>
    <message>
        <source>Drop recordings here</source>
        <translation>Suelte aquí las grabaciones</translation>
    </message>
    <message>
        <source>Choose recordings…</source>
        <translation>Elegir grabaciones…</translation>
    </message>
</context>
<context>
    <name>EncryptionDialog</name>
    <message>
        <source>Encryption</source>
        <translation>Cifrado</translation>
    </message>
    <message>
        <source>New key for all</source>
        <translation>Nueva llave maestra</translation>
    </message>
    <message>
        <source>Replaces the key of all keys: copies of the old keys open nothing new. Takes a moment.</source>
        <translation>Reemplaza la llave maestra: las copias de las llaves anteriores no abren nada nuevo. Tarda un momento.</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Cerrar</translation>
    </message>
    <message>
        <source>The recovery key opened your results. Choose what opens them from now on.</source>
        <translation>La llave de recuperación abrió sus resultados. Elija qué los abrirá de ahora en adelante.</translation>
    </message>
    <message>
        <source>What unlocks them</source>
        <translation>Con qué se desbloquean</translation>
    </message>
    <message>
        <source>Recovery keys</source>
        <translation>Llaves de recuperación</translation>
    </message>
    <message>
        <source>To write everything in clear again, close the program and run: {command}</source>
        <translation>Para volver a guardar todo sin cifrar, cierre el programa y ejecute: {command}</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Cambiar</translation>
    </message>
    <message>
        <source>Encrypt</source>
        <translation>Cifrar</translation>
    </message>
    <message>
        <source>From now on everything is encrypted.</source>
        <translation>De ahora en adelante todo queda cifrado.</translation>
    </message>
    <message>
        <source>What unlocks your results was changed.</source>
        <translation>Se cambió con qué se desbloquean sus resultados.</translation>
    </message>
    <message>
        <source>This is not the current passphrase. Wait a moment before you try again.</source>
        <translation>Esta no es la frase de contraseña actual. Espere un momento antes de volver a intentarlo.</translation>
    </message>
    <message>
        <source>This is not the current passphrase.</source>
        <translation>Esta no es la frase de contraseña actual.</translation>
    </message>
    <message>
        <source>The recovery keys were changed.</source>
        <translation>Se cambiaron las llaves de recuperación.</translation>
    </message>
    <message>
        <source>The key of all keys was replaced.</source>
        <translation>Se reemplazó la llave maestra.</translation>
    </message>
</context>
<context>
    <name>EncryptionRow</name>
    <message>
        <source>Checking…</source>
        <translation>Verificando…</translation>
    </message>
    <message>
        <source>Encrypt with a passphrase…</source>
        <translation>Cifrar con una frase de contraseña…</translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>Ahora no</translation>
    </message>
    <message>
        <source>Results, words and names are encrypted; this account&apos;s keyring opens them.</source>
        <translation>Los resultados, las palabras y los nombres se cifran; los abre el llavero de esta cuenta.</translation>
    </message>
    <message>
        <source>This account has no keyring, so results are not encrypted by themselves.</source>
        <translation>Esta cuenta no tiene llavero, así que los resultados no se cifran por sí solos.</translation>
    </message>
</context>
<context>
    <name>ExportButton</name>
    <message>
        <source>Export</source>
        <translation>Exportar</translation>
    </message>
    <message>
        <source>Save, copy or print the result</source>
        <translation>Guardar, copiar o imprimir el resultado</translation>
    </message>
</context>
<context>
    <name>ExportController</name>
    <message numerus="yes">
        <source>%Ln result(s) copied as a note.</source>
        <translation>
            <numerusform>%Ln resultado copiado como nota.</numerusform>
            <numerusform>%Ln resultados copiados como nota.</numerusform>
        </translation>
    </message>
    <message>
        <source>Export as {format}</source>
        <translation>Exportar como {format}</translation>
    </message>
    <message numerus="yes">
        <source>%Ln of these files already exist(s) in the folder “{folder}”.</source>
        <translation>
            <numerusform>%Ln de estos archivos ya existe en la carpeta “{folder}”.</numerusform>
            <numerusform>%Ln de estos archivos ya existen en la carpeta “{folder}”.</numerusform>
        </translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportar</translation>
    </message>
    <message>
        <source>Keep both</source>
        <translation>Conservar ambos</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Reemplazar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>If you keep both, a number is added to the new names.</source>
        <translation>Si conserva ambos, se agrega un número a los nombres nuevos.</translation>
    </message>
    <message>
        <source>{done} of {total} files written…</source>
        <translation>{done} de {total} archivos escritos…</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Detener</translation>
    </message>
    <message>
        <source>Saved as {file}.</source>
        <translation>Guardado como {file}.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) written.</source>
        <translation>
            <numerusform>%Ln archivo escrito.</numerusform>
            <numerusform>%Ln archivos escritos.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s) cannot be read; retry to make them again.</source>
        <translation>
            <numerusform>No se puede leer %Ln resultado. Reintente la grabación para obtenerlo de nuevo.</numerusform>
            <numerusform>No se pueden leer %Ln resultados. Reintente las grabaciones para obtenerlos de nuevo.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) not written, such as {file}.</source>
        <translation>
            <numerusform>No se escribió {file}.</numerusform>
            <numerusform>No se escribieron %Ln archivos, por ejemplo {file}.</numerusform>
        </translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Mostrar en la carpeta</translation>
    </message>
</context>
<context>
    <name>ExportMenu</name>
    <message>
        <source>&amp;Copy as note</source>
        <translation>&amp;Copiar como nota</translation>
    </message>
    <message>
        <source>&amp;Print…</source>
        <translation>&amp;Imprimir…</translation>
    </message>
    <message>
        <source>&amp;Other formats</source>
        <translation>&amp;Otros formatos</translation>
    </message>
    <message>
        <source>E&amp;xport</source>
        <translation>E&amp;xportar</translation>
    </message>
</context>
<context>
    <name>FactsForm</name>
    <message>
        <source>Legal hold</source>
        <translation>Retención legal</translation>
    </message>
    <message>
        <source>Case</source>
        <translation>Caso</translation>
    </message>
    <message>
        <source>Date</source>
        <translation>Fecha</translation>
    </message>
    <message>
        <source>Numbers</source>
        <translation>Números</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Archivo</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Carpeta</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Tamaño</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Duración</translation>
    </message>
    <message>
        <source>Added</source>
        <translation>Agregada</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Inicio</translation>
    </message>
    <message>
        <source>Finished</source>
        <translation>Fin</translation>
    </message>
    <message>
        <source>Speakers</source>
        <translation>Hablantes</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Idioma</translation>
    </message>
    <message>
        <source>Words</source>
        <translation>Palabras</translation>
    </message>
    <message>
        <source>The file no longer exists</source>
        <translation>El archivo ya no existe</translation>
    </message>
    <message>
        <source>Vocabulary</source>
        <translation>Vocabulario</translation>
    </message>
    <message>
        <source>Speaker model</source>
        <translation>Voces</translation>
    </message>
    <message>
        <source>Transcription model</source>
        <translation>Transcripción</translation>
    </message>
    <message>
        <source>Made by</source>
        <translation>Versión</translation>
    </message>
</context>
<context>
    <name>FactsLine</name>
    <message numerus="yes">
        <source>%Ln speaker(s)</source>
        <translation>
            <numerusform>%Ln hablante</numerusform>
            <numerusform>%Ln hablantes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln speaking turn(s)</source>
        <translation>
            <numerusform>%Ln intervención</numerusform>
            <numerusform>%Ln intervenciones</numerusform>
        </translation>
    </message>
    <message>
        <source>{time} long</source>
        <translation>{time} de duración</translation>
    </message>
    <message>
        <source>{time} of speech</source>
        <translation>{time} de voz</translation>
    </message>
    <message numerus="yes">
        <source>%Ln word(s)</source>
        <translation>
            <numerusform>%Ln palabra</numerusform>
            <numerusform>%Ln palabras</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FailuresPage</name>
    <message>
        <source>Retry the group</source>
        <translation>Reintentar el grupo</translation>
    </message>
    <message>
        <source>Copy the list</source>
        <translation>Copiar la lista</translation>
    </message>
    <message>
        <source>Numbers and cause of the recordings of the group</source>
        <translation>Números y causa de las grabaciones del grupo</translation>
    </message>
    <message>
        <source>With file names</source>
        <translation>Con nombres de archivo</translation>
    </message>
    <message>
        <source>File names may name patients</source>
        <translation>Los nombres de archivo pueden contener nombres de pacientes</translation>
    </message>
    <message>
        <source>Cause</source>
        <translation>Causa</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Código</translation>
    </message>
    <message>
        <source>As in the log and in exports</source>
        <translation>Como en el registro y en las exportaciones</translation>
    </message>
    <message>
        <source>Recordings</source>
        <translation>Grabaciones</translation>
    </message>
    <message>
        <source>First</source>
        <translation>Primera</translation>
    </message>
    <message>
        <source>Last</source>
        <translation>Última</translation>
    </message>
    <message>
        <source>Failures</source>
        <translation>Errores</translation>
    </message>
    <message>
        <source>Starts in</source>
        <translation>Empieza en</translation>
    </message>
    <message>
        <source>Start time</source>
        <translation>Hora de inicio</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Grabación</translation>
    </message>
    <message>
        <source>Attempt</source>
        <translation>Intento</translation>
    </message>
    <message>
        <source>Reason for the retry</source>
        <translation>Motivo del reintento</translation>
    </message>
    <message>
        <source>Scheduled retries</source>
        <translation>Reintentos programados</translation>
    </message>
    <message>
        <source>No recording has failed.</source>
        <translation>Ninguna grabación ha fallado.</translation>
    </message>
    <message>
        <source>No retries are scheduled. Recordings that will be retried, for example after a full disk, are listed here.</source>
        <translation>No hay reintentos programados. Aquí aparecen las grabaciones que se reintentarán, por ejemplo, si el disco está lleno.</translation>
    </message>
    <message>
        <source>now</source>
        <translation>ahora</translation>
    </message>
    <message numerus="yes">
        <source>%Ln failed recording(s)</source>
        <translation>
            <numerusform>%Ln grabación con error</numerusform>
            <numerusform>%Ln grabaciones con error</numerusform>
        </translation>
    </message>
    <message>
        <source>No failures</source>
        <translation>Sin errores</translation>
    </message>
    <message numerus="yes">
        <source>%Ln line(s) copied.</source>
        <translation>
            <numerusform>%Ln línea copiada.</numerusform>
            <numerusform>%Ln líneas copiadas.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FiguresAction</name>
    <message>
        <source>Figures of the conversation</source>
        <translation>Cifras de la conversación</translation>
    </message>
</context>
<context>
    <name>FiguresDialog</name>
    <message>
        <source>Close</source>
        <translation>Cerrar</translation>
    </message>
</context>
<context>
    <name>FileDialog</name>
    <message>
        <source>&amp;Look in:</source>
        <translation>&amp;Buscar en:</translation>
    </message>
    <message>
        <source>Files of &amp;type:</source>
        <translation>Archivos de &amp;tipo:</translation>
    </message>
</context>
<context>
    <name>FindBar</name>
    <message>
        <source>Find in the text</source>
        <translation>Buscar en el texto</translation>
    </message>
    <message>
        <source>Replace with</source>
        <translation>Reemplazar por</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Reemplazar</translation>
    </message>
    <message>
        <source>Replace all</source>
        <translation>Reemplazar todo</translation>
    </message>
    <message>
        <source>Previous</source>
        <translation>Anterior</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Siguiente</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Cerrar</translation>
    </message>
    <message>
        <source>Not found</source>
        <translation>Sin resultados</translation>
    </message>
    <message>
        <source>{number} of {count}</source>
        <translation>{number} de {count}</translation>
    </message>
</context>
<context>
    <name>FindWindow</name>
    <message>
        <source>Find in transcripts</source>
        <translation>Buscar en transcripciones</translation>
    </message>
    <message>
        <source>Words, or a &quot;phrase in quotes&quot;</source>
        <translation>Palabras, o una &quot;frase entre comillas&quot;</translation>
    </message>
    <message>
        <source>From</source>
        <translation>Desde</translation>
    </message>
    <message>
        <source>To</source>
        <translation>Hasta</translation>
    </message>
    <message>
        <source>Lines</source>
        <translation>Líneas</translation>
    </message>
    <message>
        <source>Nothing was found.</source>
        <translation>No se encontró nada.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln line(s)</source>
        <translation>
            <numerusform>%Ln línea</numerusform>
            <numerusform>%Ln líneas</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The newest %Ln line(s); scroll for more</source>
        <translation>
            <numerusform>La línea más reciente; desplácese para ver más</numerusform>
            <numerusform>Las %Ln líneas más recientes; desplácese para ver más</numerusform>
        </translation>
    </message>
    <message>
        <source>The search index could not be used and is made again.</source>
        <translation>El índice de búsqueda no se pudo usar y se vuelve a crear.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s) cannot be found yet.</source>
        <translation>
            <numerusform>%Ln resultado aún no se puede encontrar.</numerusform>
            <numerusform>%Ln resultados aún no se pueden encontrar.</numerusform>
        </translation>
    </message>
    <message>
        <source>The results are not indexed yet.</source>
        <translation>Los resultados aún no están en el índice.</translation>
    </message>
    <message>
        <source>Who says it</source>
        <translation>Quién lo dice</translation>
    </message>
    <message>
        <source>A role, or part of a name</source>
        <translation>Una función o parte de un nombre</translation>
    </message>
    <message>
        <source>Anybody</source>
        <translation>Cualquier persona</translation>
    </message>
    <message>
        <source>When it was added</source>
        <translation>Cuándo se agregó</translation>
    </message>
    <message>
        <source>Any day</source>
        <translation>Cualquier día</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>Hoy</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>Ayer</translation>
    </message>
    <message>
        <source>This week</source>
        <translation>Esta semana</translation>
    </message>
    <message>
        <source>Last week</source>
        <translation>La semana pasada</translation>
    </message>
    <message>
        <source>This month</source>
        <translation>Este mes</translation>
    </message>
    <message>
        <source>Last month</source>
        <translation>El mes pasado</translation>
    </message>
    <message>
        <source>This year</source>
        <translation>Este año</translation>
    </message>
    <message>
        <source>Between two days</source>
        <translation>Entre dos días</translation>
    </message>
</context>
<context>
    <name>FlagField</name>
    <message>
        <source>on</source>
        <translation>activado</translation>
    </message>
    <message>
        <source>off</source>
        <translation>desactivado</translation>
    </message>
</context>
<context>
    <name>FolderField</name>
    <message>
        <source>Choose a folder…</source>
        <translation>Elegir una carpeta…</translation>
    </message>
    <message>
        <source>no folder</source>
        <translation>ninguna carpeta</translation>
    </message>
</context>
<context>
    <name>FormatsField</name>
    <message>
        <source>Choose formats…</source>
        <translation>Elegir formatos…</translation>
    </message>
</context>
<context>
    <name>FoundLinesModel</name>
    <message>
        <source>Job {number}</source>
        <translation>Trabajo {number}</translation>
    </message>
</context>
<context>
    <name>HelpMenu</name>
    <message>
        <source>&amp;Help</source>
        <translation>A&amp;yuda</translation>
    </message>
    <message>
        <source>&amp;Welcome</source>
        <translation>&amp;Bienvenida</translation>
    </message>
    <message>
        <source>&amp;Keyboard shortcuts</source>
        <translation>&amp;Atajos de teclado</translation>
    </message>
    <message>
        <source>&amp;About fi-desktop</source>
        <translation>A&amp;cerca de fi-desktop</translation>
    </message>
</context>
<context>
    <name>HistoryLabels</name>
    <message>
        <source>Everything</source>
        <translation>Todo</translation>
    </message>
    <message>
        <source>Workers</source>
        <translation>Procesos</translation>
    </message>
    <message>
        <source>Retries and failures</source>
        <translation>Reintentos y errores</translation>
    </message>
    <message>
        <source>Program and settings</source>
        <translation>Programa y configuración</translation>
    </message>
    <message>
        <source>Alerts</source>
        <translation>Alertas</translation>
    </message>
    <message>
        <source>Program started</source>
        <translation>Programa iniciado</translation>
    </message>
    <message>
        <source>Program stopped</source>
        <translation>Programa terminado</translation>
    </message>
    <message>
        <source>Worker started</source>
        <translation>Proceso iniciado</translation>
    </message>
    <message>
        <source>Worker replaced</source>
        <translation>Proceso reemplazado</translation>
    </message>
    <message>
        <source>Worker stopped</source>
        <translation>Proceso detenido</translation>
    </message>
    <message>
        <source>Worker stopped by force</source>
        <translation>Proceso detenido a la fuerza</translation>
    </message>
    <message>
        <source>Worker died</source>
        <translation>Proceso terminado de forma inesperada</translation>
    </message>
    <message>
        <source>Server cannot be reached</source>
        <translation>No se puede alcanzar el servidor</translation>
    </message>
    <message>
        <source>Server reached again</source>
        <translation>Se alcanza el servidor de nuevo</translation>
    </message>
    <message>
        <source>Retry scheduled</source>
        <translation>Reintento programado</translation>
    </message>
    <message>
        <source>Retry requested</source>
        <translation>Reintento solicitado</translation>
    </message>
    <message>
        <source>Recording failed</source>
        <translation>Grabación con error</translation>
    </message>
    <message>
        <source>Queue paused</source>
        <translation>Cola en pausa</translation>
    </message>
    <message>
        <source>Queue resumed</source>
        <translation>Cola reanudada</translation>
    </message>
    <message>
        <source>Setting changed</source>
        <translation>Configuración modificada</translation>
    </message>
    <message>
        <source>Deleted by age</source>
        <translation>Eliminado por antigüedad</translation>
    </message>
    <message>
        <source>Alert</source>
        <translation>Alerta</translation>
    </message>
    <message>
        <source>Alert over</source>
        <translation>Fin de la alerta</translation>
    </message>
    <message>
        <source>attempt {number}</source>
        <translation>intento {number}</translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s)</source>
        <translation>
            <numerusform>%Ln grabación</numerusform>
            <numerusform>%Ln grabaciones</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>HistoryPage</name>
    <message>
        <source>Part</source>
        <translation>Parte</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Eventos</translation>
    </message>
    <message>
        <source>Figures</source>
        <translation>Cifras</translation>
    </message>
    <message>
        <source>Targets</source>
        <translation>Objetivos</translation>
    </message>
    <message>
        <source>What happened</source>
        <translation>Qué ocurrió</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filtrar</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Cuándo</translation>
    </message>
    <message>
        <source>Worker</source>
        <translation>Proceso</translation>
    </message>
    <message>
        <source>PID</source>
        <translation>PID</translation>
    </message>
    <message>
        <source>Number of the process</source>
        <translation>Número del proceso del sistema</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Grabación</translation>
    </message>
    <message>
        <source>Its number</source>
        <translation>Su número</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Detalles</translation>
    </message>
    <message>
        <source>Half of them took at most this long</source>
        <translation>La mitad tardó como máximo esto</translation>
    </message>
    <message>
        <source>95 of 100 took at most this long</source>
        <translation>95 de cada 100 tardaron como máximo esto</translation>
    </message>
    <message>
        <source>99 of 100 took at most this long</source>
        <translation>99 de cada 100 tardaron como máximo esto</translation>
    </message>
    <message>
        <source>Wait {share}</source>
        <translation>Espera {share}</translation>
    </message>
    <message>
        <source>Run time {share}</source>
        <translation>Duración {share}</translation>
    </message>
    <message>
        <source>Time span</source>
        <translation>Periodo</translation>
    </message>
    <message>
        <source>Added</source>
        <translation>Agregado</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Listo</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Falló</translation>
    </message>
    <message>
        <source>Audio</source>
        <translation>Audio</translation>
    </message>
    <message>
        <source>Length of the recordings</source>
        <translation>Duración de las grabaciones</translation>
    </message>
    <message>
        <source>Waiting p99</source>
        <translation>En espera p99</translation>
    </message>
    <message>
        <source>99% of the time, at most this many waited</source>
        <translation>El 99 % del tiempo, no esperaban más de estas</translation>
    </message>
    <message>
        <source>Queue statistics</source>
        <translation>Estadísticas de la cola</translation>
    </message>
    <message>
        <source>Hour</source>
        <translation>Hora</translation>
    </message>
    <message>
        <source>Median wait</source>
        <translation>Espera mediana</translation>
    </message>
    <message>
        <source>Median run time</source>
        <translation>Duración mediana</translation>
    </message>
    <message>
        <source>Figures by hour</source>
        <translation>Cifras por hora</translation>
    </message>
    <message>
        <source>Kept for 30 days</source>
        <translation>Se conserva 30 días</translation>
    </message>
    <message>
        <source>By hour</source>
        <translation>Por hora</translation>
    </message>
</context>
<context>
    <name>HistoryPlots</name>
    <message>
        <source>History: waiting, finished and run time</source>
        <translation>Historial: en espera, terminadas y duración</translation>
    </message>
    <message>
        <source>Recordings waiting</source>
        <translation>Grabaciones en espera</translation>
    </message>
    <message>
        <source>Attempts finished per hour</source>
        <translation>Intentos terminados por hora</translation>
    </message>
    <message>
        <source>Median run time of an attempt</source>
        <translation>Duración mediana de un intento</translation>
    </message>
    <message>
        <source>at most {value}</source>
        <translation>como máximo {value}</translation>
    </message>
</context>
<context>
    <name>IdentifiersText</name>
    <message>
        <source>Text</source>
        <translation>Texto</translation>
    </message>
</context>
<context>
    <name>IdentifiersTree</name>
    <message>
        <source>Replaced by</source>
        <translation>Se sustituye por</translation>
    </message>
    <message>
        <source>What is said</source>
        <translation>Lo que se dice</translation>
    </message>
    <message>
        <source>Count</source>
        <translation>Veces</translation>
    </message>
    <message>
        <source>What was found</source>
        <translation>Lo que se encontró</translation>
    </message>
    <message>
        <source>stays</source>
        <translation>se queda</translation>
    </message>
    <message>
        <source>{kind} “{text}”, {label}</source>
        <translation>{kind} «{text}», {label}</translation>
    </message>
</context>
<context>
    <name>ImportBar</name>
    <message>
        <source>Progress of the import</source>
        <translation>Progreso de la importación</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Cancel the import</source>
        <translation>Cancelar la importación</translation>
    </message>
    <message>
        <source>Importing  {progress}</source>
        <translation>Importando  {progress}</translation>
    </message>
</context>
<context>
    <name>JobOperation</name>
    <message>
        <source>Place &amp;legal hold</source>
        <translation>Aplicar retención &amp;legal</translation>
    </message>
    <message>
        <source>Nothing removes it until the hold is released</source>
        <translation>Nada la quita hasta que se levante la retención</translation>
    </message>
    <message>
        <source>Re&amp;lease legal hold</source>
        <translation>Le&amp;vantar retención legal</translation>
    </message>
    <message>
        <source>Case and &amp;date…</source>
        <translation>Caso y &amp;fecha…</translation>
    </message>
    <message>
        <source>Name the patient or visit, and say when it was recorded</source>
        <translation>Nombrar al paciente o la consulta e indicar cuándo se grabó</translation>
    </message>
    <message>
        <source>Add &amp;words</source>
        <translation>Agregar pala&amp;bras</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>&amp;Abrir</translation>
    </message>
    <message>
        <source>Show the transcript and who spoke when</source>
        <translation>Ver la transcripción y quién habló en cada momento</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>&amp;Cancelar</translation>
    </message>
    <message>
        <source>Stop processing</source>
        <translation>Detener el proceso</translation>
    </message>
    <message>
        <source>Re&amp;try</source>
        <translation>&amp;Reintentar</translation>
    </message>
    <message>
        <source>Process again, or now instead of later</source>
        <translation>Procesar de nuevo, o ahora en vez de después</translation>
    </message>
    <message>
        <source>Re&amp;move</source>
        <translation>&amp;Quitar</translation>
    </message>
    <message>
        <source>Remove from the list with the result; the recording stays</source>
        <translation>Quitar de la lista junto con el resultado; la grabación se conserva</translation>
    </message>
    <message>
        <source>Copy file na&amp;mes</source>
        <translation>Copiar los no&amp;mbres de archivo</translation>
    </message>
    <message>
        <source>Show recording in its &amp;folder</source>
        <translation>Mostrar la grabación en su &amp;carpeta</translation>
    </message>
</context>
<context>
    <name>JobPage</name>
    <message>
        <source>Progress</source>
        <translation>Progreso</translation>
    </message>
    <message>
        <source>Attempts</source>
        <translation>Intentos</translation>
    </message>
    <message>
        <source>Retry</source>
        <translation>Reintentar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Models…</source>
        <translation>Modelos…</translation>
    </message>
</context>
<context>
    <name>JobView</name>
    <message>
        <source>Legal hold placed by {name}</source>
        <translation>Retención legal aplicada por {name}</translation>
    </message>
    <message>
        <source>Legal hold released by {name}</source>
        <translation>Retención legal levantada por {name}</translation>
    </message>
    <message>
        <source>Case or date changed</source>
        <translation>Se cambió el caso o la fecha</translation>
    </message>
    <message>
        <source>Recording found at another place</source>
        <translation>Grabación encontrada en otro lugar</translation>
    </message>
    <message>
        <source>Version chosen</source>
        <translation>Versión elegida</translation>
    </message>
    <message>
        <source>Add words</source>
        <translation>Agregar palabras</translation>
    </message>
    <message>
        <source>Transcribe what was said; who spoke when stays as it is</source>
        <translation>Transcribir lo que se dijo; quién habló y cuándo queda igual</translation>
    </message>
    <message>
        <source>Signed by {name}</source>
        <translation>Firmado por {name}</translation>
    </message>
    <message>
        <source>Reviewed by {name}</source>
        <translation>Revisado por {name}</translation>
    </message>
    <message>
        <source>Changed by {name}</source>
        <translation>Modificado por {name}</translation>
    </message>
    <message>
        <source>Starts with the queue</source>
        <translation>Empieza con la cola</translation>
    </message>
    <message>
        <source>Starts at {time}</source>
        <translation>Empieza: {time}</translation>
    </message>
    <message>
        <source>Starts now</source>
        <translation>Empieza ahora</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Progreso</translation>
    </message>
    <message>
        <source>Open result</source>
        <translation>Abrir resultado</translation>
    </message>
    <message>
        <source>Retry</source>
        <translation>Reintentar</translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation>Copiar diagnóstico</translation>
    </message>
    <message>
        <source>Technical details for support, without patient data</source>
        <translation>Detalles técnicos para soporte, sin datos del paciente</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Historial</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Registro</translation>
    </message>
    <message>
        <source>Attempts</source>
        <translation>Intentos</translation>
    </message>
    <message>
        <source>Added</source>
        <translation>Agregada</translation>
    </message>
    <message>
        <source>Started by {worker}</source>
        <translation>Iniciado por {worker}</translation>
    </message>
    <message>
        <source>Ready to retry</source>
        <translation>Listo para reintentar</translation>
    </message>
    <message>
        <source>Cancel requested</source>
        <translation>Cancelación solicitada</translation>
    </message>
    <message>
        <source>Retry requested</source>
        <translation>Reintento solicitado</translation>
    </message>
    <message>
        <source>Priority changed to {priority}</source>
        <translation>Prioridad cambiada a {priority}</translation>
    </message>
    <message>
        <source>Options changed</source>
        <translation>Opciones cambiadas</translation>
    </message>
    <message>
        <source>Another file with the same recording added</source>
        <translation>Se agregó otro archivo con la misma grabación</translation>
    </message>
    <message>
        <source>Automatic export changed</source>
        <translation>Exportación automática cambiada</translation>
    </message>
    <message>
        <source>Result opened</source>
        <translation>Resultado abierto</translation>
    </message>
    <message>
        <source>Completed</source>
        <translation>Completado</translation>
    </message>
    <message>
        <source>The worker stopped unexpectedly</source>
        <translation>El proceso se detuvo de forma inesperada</translation>
    </message>
    <message>
        <source>Failed: {reason}</source>
        <translation>Falló: {reason}</translation>
    </message>
    <message>
        <source>Returned to the queue</source>
        <translation>Devuelta a la cola</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>Cancelado</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Detalles</translation>
    </message>
</context>
<context>
    <name>JobWindow</name>
    <message>
        <source>Keep the earlier result</source>
        <translation>Conservar el resultado anterior</translation>
    </message>
    <message>
        <source>This job no longer exists.</source>
        <translation>Este trabajo ya no existe.</translation>
    </message>
    <message>
        <source>The result cannot be read. Retry the job to create it again.</source>
        <translation>No se puede leer el resultado. Reintente el trabajo para crearlo de nuevo.</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Leyendo…</translation>
    </message>
</context>
<context>
    <name>JobsPanel</name>
    <message>
        <source>Words of the file name, the case, a speaker&apos;s name or role, draft, reviewed or signed; or case:0042, date:2026-11-29, date:2026-11, state:failed, speaker:3, language:es, engine:…, error:…, batch:12, after:2026-11-01, before:2026-12-01. &quot;Quotes&quot; search for a phrase; -word excludes it.</source>
        <translation>Palabras del nombre del archivo, del caso, nombre o función de un hablante, borrador, revisado o firmado; o caso:0042, fecha:2026-11-29, fecha:2026-11, estado:fallido, hablantes:3, idioma:es, motor:…, error:…, lote:12, desde:2026-11-01, antes:2026-12-01. Las &quot;comillas&quot; buscan una frase; -palabra la excluye.</translation>
    </message>
    <message>
        <source>case</source>
        <comment>a term of the search, without spaces</comment>
        <translation>caso</translation>
    </message>
    <message>
        <source>date</source>
        <comment>a term of the search, without spaces</comment>
        <translation>fecha</translation>
    </message>
    <message>
        <source>Search ({key})</source>
        <translation>Buscar ({key})</translation>
    </message>
    <message>
        <source>Search recordings</source>
        <translation>Buscar grabaciones</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Buscar</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Borrar</translation>
    </message>
    <message>
        <source>Search terms not understood</source>
        <translation>Términos de búsqueda no reconocidos</translation>
    </message>
    <message>
        <source>Clear search</source>
        <translation>Borrar la búsqueda</translation>
    </message>
    <message>
        <source>No recording matches</source>
        <translation>Ninguna grabación coincide</translation>
    </message>
    <message>
        <source>Show all recordings</source>
        <translation>Mostrar todas las grabaciones</translation>
    </message>
    <message>
        <source>state</source>
        <comment>a term of the search, without spaces</comment>
        <translation>estado</translation>
    </message>
    <message>
        <source>speaker</source>
        <comment>a term of the search, without spaces</comment>
        <translation>hablantes</translation>
    </message>
    <message>
        <source>language</source>
        <comment>a term of the search, without spaces</comment>
        <translation>idioma</translation>
    </message>
    <message>
        <source>engine</source>
        <comment>a term of the search, without spaces</comment>
        <translation>motor</translation>
    </message>
    <message>
        <source>error</source>
        <comment>a term of the search, without spaces</comment>
        <translation>error</translation>
    </message>
    <message>
        <source>batch</source>
        <comment>a term of the search, without spaces</comment>
        <translation>lote</translation>
    </message>
    <message>
        <source>before</source>
        <comment>a term of the search, without spaces</comment>
        <translation>antes</translation>
    </message>
    <message>
        <source>after</source>
        <comment>a term of the search, without spaces</comment>
        <translation>desde</translation>
    </message>
    <message>
        <source>review</source>
        <comment>a term of the search, without spaces</comment>
        <translation>revisión</translation>
    </message>
    <message>
        <source>Unknown filter “{terms}”. Available: {keys}.</source>
        <translation>Filtro desconocido: “{terms}”. Disponibles: {keys}.</translation>
    </message>
    <message>
        <source>Invalid filter “{terms}”.</source>
        <translation>Filtro no válido: “{terms}”.</translation>
    </message>
</context>
<context>
    <name>JobsTable</name>
    <message>
        <source>Recordings</source>
        <translation>Grabaciones</translation>
    </message>
</context>
<context>
    <name>LabelDialog</name>
    <message>
        <source>From the file &amp;name</source>
        <translation>Del &amp;nombre del archivo</translation>
    </message>
    <message>
        <source>As the settings say that files are named; a date entered by hand stays</source>
        <translation>Según el patrón de la configuración; una fecha escrita a mano se conserva</translation>
    </message>
    <message>
        <source>Case and date</source>
        <translation>Caso y fecha</translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s)</source>
        <translation>
            <numerusform>%Ln grabación</numerusform>
            <numerusform>%Ln grabaciones</numerusform>
        </translation>
    </message>
    <message>
        <source>OK</source>
        <translation>Aceptar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>&amp;Case</source>
        <translation>&amp;Caso</translation>
    </message>
    <message>
        <source>&amp;Date</source>
        <translation>&amp;Fecha</translation>
    </message>
    <message>
        <source>several; they stay as they are</source>
        <translation>varios; se quedan como están</translation>
    </message>
    <message>
        <source>Write a date such as {example}.</source>
        <translation>Escriba una fecha como {example}.</translation>
    </message>
</context>
<context>
    <name>LanesCanvas</name>
    <message>
        <source>Someone</source>
        <translation>Alguien</translation>
    </message>
</context>
<context>
    <name>LanesPanel</name>
    <message>
        <source>Figures</source>
        <translation>Cifras</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Alejar</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Acercar</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>Mostrar todo</translation>
    </message>
</context>
<context>
    <name>LanesView</name>
    <message>
        <source>When someone spoke</source>
        <translation>Cuándo habló alguien</translation>
    </message>
    <message>
        <source>Who spoke when</source>
        <translation>Quién habló y cuándo</translation>
    </message>
    <message>
        <source>{speaker}: {time}, {share}</source>
        <translation>{speaker}: {time}, {share}</translation>
    </message>
    <message>
        <source>Not understood</source>
        <translation>Sin entender</translation>
    </message>
    <message>
        <source>{speaker}: {start} to {end} ({length})</source>
        <translation>{speaker}: de {start} a {end} ({length})</translation>
    </message>
    <message>
        <source>Drag to move this border; of the selected turn, {earlier} and {later} do</source>
        <translation>Arrastre para mover este límite; el de la intervención seleccionada, con {earlier} y {later}</translation>
    </message>
</context>
<context>
    <name>LanguageField</name>
    <message>
        <source>Several languages…</source>
        <translation>Varios idiomas…</translation>
    </message>
</context>
<context>
    <name>Languages</name>
    <message>
        <source>Afrikaans</source>
        <translation>afrikáans</translation>
    </message>
    <message>
        <source>Amharic</source>
        <translation>amárico</translation>
    </message>
    <message>
        <source>Arabic</source>
        <translation>árabe</translation>
    </message>
    <message>
        <source>Assamese</source>
        <translation>asamés</translation>
    </message>
    <message>
        <source>Azerbaijani</source>
        <translation>azerbaiyano</translation>
    </message>
    <message>
        <source>Bashkir</source>
        <translation>baskir</translation>
    </message>
    <message>
        <source>Belarusian</source>
        <translation>bielorruso</translation>
    </message>
    <message>
        <source>Bulgarian</source>
        <translation>búlgaro</translation>
    </message>
    <message>
        <source>Bengali</source>
        <translation>bengalí</translation>
    </message>
    <message>
        <source>Tibetan</source>
        <translation>tibetano</translation>
    </message>
    <message>
        <source>Breton</source>
        <translation>bretón</translation>
    </message>
    <message>
        <source>Bosnian</source>
        <translation>bosnio</translation>
    </message>
    <message>
        <source>Catalan</source>
        <translation>catalán</translation>
    </message>
    <message>
        <source>Czech</source>
        <translation>checo</translation>
    </message>
    <message>
        <source>Welsh</source>
        <translation>galés</translation>
    </message>
    <message>
        <source>Danish</source>
        <translation>danés</translation>
    </message>
    <message>
        <source>German</source>
        <translation>alemán</translation>
    </message>
    <message>
        <source>Greek</source>
        <translation>griego</translation>
    </message>
    <message>
        <source>English</source>
        <translation>inglés</translation>
    </message>
    <message>
        <source>Spanish</source>
        <translation>español</translation>
    </message>
    <message>
        <source>Estonian</source>
        <translation>estonio</translation>
    </message>
    <message>
        <source>Basque</source>
        <translation>euskera</translation>
    </message>
    <message>
        <source>Persian</source>
        <translation>persa</translation>
    </message>
    <message>
        <source>Finnish</source>
        <translation>finés</translation>
    </message>
    <message>
        <source>Faroese</source>
        <translation>feroés</translation>
    </message>
    <message>
        <source>French</source>
        <translation>francés</translation>
    </message>
    <message>
        <source>Galician</source>
        <translation>gallego</translation>
    </message>
    <message>
        <source>Gujarati</source>
        <translation>guyaratí</translation>
    </message>
    <message>
        <source>Hausa</source>
        <translation>hausa</translation>
    </message>
    <message>
        <source>Hawaiian</source>
        <translation>hawaiano</translation>
    </message>
    <message>
        <source>Hebrew</source>
        <translation>hebreo</translation>
    </message>
    <message>
        <source>Hindi</source>
        <translation>hindi</translation>
    </message>
    <message>
        <source>Croatian</source>
        <translation>croata</translation>
    </message>
    <message>
        <source>Haitian Creole</source>
        <translation>criollo haitiano</translation>
    </message>
    <message>
        <source>Hungarian</source>
        <translation>húngaro</translation>
    </message>
    <message>
        <source>Armenian</source>
        <translation>armenio</translation>
    </message>
    <message>
        <source>Indonesian</source>
        <translation>indonesio</translation>
    </message>
    <message>
        <source>Icelandic</source>
        <translation>islandés</translation>
    </message>
    <message>
        <source>Italian</source>
        <translation>italiano</translation>
    </message>
    <message>
        <source>Japanese</source>
        <translation>japonés</translation>
    </message>
    <message>
        <source>Javanese</source>
        <translation>javanés</translation>
    </message>
    <message>
        <source>Georgian</source>
        <translation>georgiano</translation>
    </message>
    <message>
        <source>Kazakh</source>
        <translation>kazajo</translation>
    </message>
    <message>
        <source>Khmer</source>
        <translation>jemer</translation>
    </message>
    <message>
        <source>Kannada</source>
        <translation>canarés</translation>
    </message>
    <message>
        <source>Korean</source>
        <translation>coreano</translation>
    </message>
    <message>
        <source>Latin</source>
        <translation>latín</translation>
    </message>
    <message>
        <source>Luxembourgish</source>
        <translation>luxemburgués</translation>
    </message>
    <message>
        <source>Lingala</source>
        <translation>lingala</translation>
    </message>
    <message>
        <source>Lao</source>
        <translation>lao</translation>
    </message>
    <message>
        <source>Lithuanian</source>
        <translation>lituano</translation>
    </message>
    <message>
        <source>Latvian</source>
        <translation>letón</translation>
    </message>
    <message>
        <source>Malagasy</source>
        <translation>malgache</translation>
    </message>
    <message>
        <source>Māori</source>
        <translation>maorí</translation>
    </message>
    <message>
        <source>Macedonian</source>
        <translation>macedonio</translation>
    </message>
    <message>
        <source>Malayalam</source>
        <translation>malayálam</translation>
    </message>
    <message>
        <source>Mongolian</source>
        <translation>mongol</translation>
    </message>
    <message>
        <source>Marathi</source>
        <translation>maratí</translation>
    </message>
    <message>
        <source>Malay</source>
        <translation>malayo</translation>
    </message>
    <message>
        <source>Maltese</source>
        <translation>maltés</translation>
    </message>
    <message>
        <source>Burmese</source>
        <translation>birmano</translation>
    </message>
    <message>
        <source>Nepali</source>
        <translation>nepalí</translation>
    </message>
    <message>
        <source>Dutch</source>
        <translation>neerlandés</translation>
    </message>
    <message>
        <source>Norwegian Nynorsk</source>
        <translation>noruego nynorsk</translation>
    </message>
    <message>
        <source>Norwegian</source>
        <translation>noruego</translation>
    </message>
    <message>
        <source>Occitan</source>
        <translation>occitano</translation>
    </message>
    <message>
        <source>Punjabi</source>
        <translation>panyabí</translation>
    </message>
    <message>
        <source>Polish</source>
        <translation>polaco</translation>
    </message>
    <message>
        <source>Pashto</source>
        <translation>pastún</translation>
    </message>
    <message>
        <source>Portuguese</source>
        <translation>portugués</translation>
    </message>
    <message>
        <source>Romanian</source>
        <translation>rumano</translation>
    </message>
    <message>
        <source>Russian</source>
        <translation>ruso</translation>
    </message>
    <message>
        <source>Sanskrit</source>
        <translation>sánscrito</translation>
    </message>
    <message>
        <source>Sindhi</source>
        <translation>sindhi</translation>
    </message>
    <message>
        <source>Sinhala</source>
        <translation>cingalés</translation>
    </message>
    <message>
        <source>Slovak</source>
        <translation>eslovaco</translation>
    </message>
    <message>
        <source>Slovenian</source>
        <translation>esloveno</translation>
    </message>
    <message>
        <source>Shona</source>
        <translation>shona</translation>
    </message>
    <message>
        <source>Somali</source>
        <translation>somalí</translation>
    </message>
    <message>
        <source>Albanian</source>
        <translation>albanés</translation>
    </message>
    <message>
        <source>Serbian</source>
        <translation>serbio</translation>
    </message>
    <message>
        <source>Sundanese</source>
        <translation>sundanés</translation>
    </message>
    <message>
        <source>Swedish</source>
        <translation>sueco</translation>
    </message>
    <message>
        <source>Swahili</source>
        <translation>suajili</translation>
    </message>
    <message>
        <source>Tamil</source>
        <translation>tamil</translation>
    </message>
    <message>
        <source>Telugu</source>
        <translation>telugu</translation>
    </message>
    <message>
        <source>Tajik</source>
        <translation>tayiko</translation>
    </message>
    <message>
        <source>Thai</source>
        <translation>tailandés</translation>
    </message>
    <message>
        <source>Turkmen</source>
        <translation>turcomano</translation>
    </message>
    <message>
        <source>Tagalog</source>
        <translation>tagalo</translation>
    </message>
    <message>
        <source>Turkish</source>
        <translation>turco</translation>
    </message>
    <message>
        <source>Tatar</source>
        <translation>tártaro</translation>
    </message>
    <message>
        <source>Ukrainian</source>
        <translation>ucraniano</translation>
    </message>
    <message>
        <source>Urdu</source>
        <translation>urdu</translation>
    </message>
    <message>
        <source>Uzbek</source>
        <translation>uzbeko</translation>
    </message>
    <message>
        <source>Vietnamese</source>
        <translation>vietnamita</translation>
    </message>
    <message>
        <source>Yiddish</source>
        <translation>yidis</translation>
    </message>
    <message>
        <source>Yoruba</source>
        <translation>yoruba</translation>
    </message>
    <message>
        <source>Chinese</source>
        <translation>chino</translation>
    </message>
</context>
<context>
    <name>LanguagesDialog</name>
    <message>
        <source>Languages</source>
        <translation>Idiomas</translation>
    </message>
    <message>
        <source>Fewer languages are easier to tell apart. Four at most.</source>
        <translation>Es más fácil distinguir pocos idiomas. Cuatro como máximo.</translation>
    </message>
    <message>
        <source>Use these languages</source>
        <translation>Usar estos idiomas</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
</context>
<context>
    <name>LanguagesField</name>
    <message>
        <source>any language</source>
        <translation>cualquier idioma</translation>
    </message>
</context>
<context>
    <name>Legend</name>
    <message>
        <source>[Words in italics] were said while someone else spoke.</source>
        <translation>[Las palabras en cursiva] se dijeron mientras hablaba otra persona.</translation>
    </message>
    <message>
        <source>[Underlined words] were hard to hear: listen again.</source>
        <translation>[Las palabras subrayadas] se oyeron mal: conviene volver a escucharlas.</translation>
    </message>
    <message>
        <source>Legend</source>
        <translation>Leyenda</translation>
    </message>
</context>
<context>
    <name>LockChoice</name>
    <message>
        <source>This account&apos;s keyring: nothing to type</source>
        <translation>El llavero de esta cuenta: no hay que escribir nada</translation>
    </message>
    <message>
        <source>A passphrase, asked for at each start</source>
        <translation>Una frase de contraseña, que se pide al abrir el programa</translation>
    </message>
    <message>
        <source>Both together</source>
        <translation>Los dos juntos</translation>
    </message>
    <message>
        <source>Current passphrase</source>
        <translation>Frase de contraseña actual</translation>
    </message>
    <message>
        <source>New passphrase</source>
        <translation>Nueva frase de contraseña</translation>
    </message>
    <message>
        <source>Repeat the passphrase</source>
        <translation>Repita la frase de contraseña</translation>
    </message>
    <message>
        <source>This computer has no keyring, or it is locked.</source>
        <translation>Esta computadora no tiene llavero, o está bloqueado.</translation>
    </message>
    <message>
        <source>The passphrase must have at least {number} characters.</source>
        <translation>La frase de contraseña debe tener al menos {number} caracteres.</translation>
    </message>
    <message>
        <source>The passphrases do not match.</source>
        <translation>Las frases de contraseña no coinciden.</translation>
    </message>
    <message>
        <source>At least {number} characters; four words that do not belong together are good.</source>
        <translation>Al menos {number} caracteres; lo mejor son cuatro palabras que no tengan relación.</translation>
    </message>
    <message>
        <source>Easy to guess. Add words that do not belong together.</source>
        <translation>Fácil de adivinar. Agregue palabras que no tengan relación.</translation>
    </message>
    <message>
        <source>Fair. One more word makes it hard to guess.</source>
        <translation>Aceptable. Con una palabra más será difícil de adivinar.</translation>
    </message>
    <message>
        <source>Hard to guess.</source>
        <translation>Difícil de adivinar.</translation>
    </message>
</context>
<context>
    <name>LockScreen</name>
    <message>
        <source>Forgot the PIN?</source>
        <translation>¿Olvidó el PIN?</translation>
    </message>
    <message>
        <source>Recordings are still being processed.</source>
        <translation>Las grabaciones se siguen procesando.</translation>
    </message>
    <message>
        <source>Your results are encrypted, and the key is not in memory. Only the passphrase opens them, or a recovery key, which you can enter instead. There is no other way.</source>
        <translation>Sus resultados están cifrados y la llave no está en la memoria. Solo los abre la frase de contraseña, o una llave de recuperación, que puede escribir en su lugar. No hay otra manera.</translation>
    </message>
    <message>
        <source>The PIN only keeps others from looking. Your results are encrypted, but this account&apos;s keyring opens them without the PIN. To remove the PIN, delete this file and unlock with an empty field:</source>
        <translation>El PIN solo evita que otros miren. Sus resultados están cifrados, pero el llavero de esta cuenta los abre sin el PIN. Para quitar el PIN, borre este archivo y desbloquee con el campo vacío:</translation>
    </message>
    <message>
        <source>The PIN only keeps others from looking. It does not encrypt your recordings, which are as safe as your account on this computer. To remove the PIN, delete this file and unlock with an empty field:</source>
        <translation>El PIN solo evita miradas ajenas. No cifra sus grabaciones, que están tan seguras como su cuenta en esta computadora. Para quitar el PIN, elimine este archivo y desbloquee con el campo vacío:</translation>
    </message>
    <message>
        <source>PIN file</source>
        <translation>Archivo del PIN</translation>
    </message>
    <message>
        <source>Forgot the passphrase?</source>
        <translation>¿Olvidó la frase de contraseña?</translation>
    </message>
    <message>
        <source>Passphrase</source>
        <translation>Frase de contraseña</translation>
    </message>
    <message>
        <source>This is not the passphrase.</source>
        <translation>Esta no es la frase de contraseña.</translation>
    </message>
    <message>
        <source>This is not the passphrase. Try again in {seconds} s.</source>
        <translation>Esta no es la frase de contraseña. Vuelva a intentarlo en {seconds} s.</translation>
    </message>
    <message>
        <source>Incorrect PIN. Try again in {seconds} s.</source>
        <translation>PIN incorrecto. Intente de nuevo en {seconds} s.</translation>
    </message>
    <message>
        <source>Incorrect PIN.</source>
        <translation>PIN incorrecto.</translation>
    </message>
    <message>
        <source>fi-desktop is locked</source>
        <translation>fi-desktop está bloqueado</translation>
    </message>
    <message>
        <source>PIN</source>
        <translation>PIN</translation>
    </message>
</context>
<context>
    <name>MachinesPage</name>
    <message>
        <source>Computer</source>
        <translation>Equipo</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Estado</translation>
    </message>
    <message>
        <source>Workers</source>
        <translation>Procesos</translation>
    </message>
    <message>
        <source>Working</source>
        <translation>Trabajando</translation>
    </message>
    <message>
        <source>Workers with a recording</source>
        <translation>Procesos con una grabación</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Of all cores; of another computer: of its workers, percent of one core</source>
        <translation>De todos los núcleos; de otro equipo: de sus procesos, en porcentaje de un núcleo</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Memoria</translation>
    </message>
    <message>
        <source>In use; of another computer: by its workers</source>
        <translation>En uso; de otro equipo: por sus procesos</translation>
    </message>
    <message>
        <source>GPU memory</source>
        <translation>Memoria GPU</translation>
    </message>
    <message>
        <source>Of its workers</source>
        <translation>De sus procesos</translation>
    </message>
    <message>
        <source>Free disk</source>
        <translation>Disco libre</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Listo</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Falló</translation>
    </message>
    <message>
        <source>Heard</source>
        <translation>Señal</translation>
    </message>
    <message>
        <source>Time since a worker&apos;s last message, while it works</source>
        <translation>Tiempo desde el último mensaje de un proceso, mientras trabaja</translation>
    </message>
    <message>
        <source>Does not answer</source>
        <translation>No responde</translation>
    </message>
    <message>
        <source>Computers</source>
        <translation>Equipos</translation>
    </message>
    <message>
        <source>Workers on other computers are listed with the computer that they run on.</source>
        <translation>Los procesos de otros equipos aparecen con el equipo en el que se ejecutan.</translation>
    </message>
    <message>
        <source>waiting in Redis: {number}</source>
        <translation>en espera en Redis: {number}</translation>
    </message>
    <message>
        <source>being processed: {number} of {most}</source>
        <translation>en proceso: {number} de {most}</translation>
    </message>
    <message>
        <source>Redis commands a second: {number}</source>
        <translation>órdenes de Redis por segundo: {number}</translation>
    </message>
    <message>
        <source>Server {name}, for all computers</source>
        <translation>Servidor {name}, para todas las computadoras</translation>
    </message>
    <message>
        <source>This computer</source>
        <translation>Esta computadora</translation>
    </message>
    <message>
        <source>No workers</source>
        <translation>Sin procesos</translation>
    </message>
    <message>
        <source>Idle</source>
        <translation>Libre</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>The clock is right</source>
        <translation>El reloj es correcto</translation>
    </message>
    <message>
        <source>Stopping safely…</source>
        <translation>Deteniendo y guardando…</translation>
    </message>
    <message>
        <source>Queue paused</source>
        <translation>Cola en pausa</translation>
    </message>
</context>
<context>
    <name>MessageBar</name>
    <message>
        <source>Dismiss this message</source>
        <translation>Cerrar este mensaje</translation>
    </message>
    <message>
        <source>Dismiss (Esc)</source>
        <translation>Cerrar (Esc)</translation>
    </message>
    <message>
        <source>Answer to this message</source>
        <translation>Responder a este mensaje</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>Mensaje</translation>
    </message>
</context>
<context>
    <name>Messages</name>
    <message>
        <source>{file} stays: another job in the list uses it.</source>
        <translation>{file} se conserva: otro trabajo de la lista la usa.</translation>
    </message>
    <message>
        <source>{file} stays: it is no longer the recording that was processed.</source>
        <translation>{file} se conserva: ya no es la grabación que se procesó.</translation>
    </message>
    <message>
        <source>{file} stays: it is no longer there, or cannot be read.</source>
        <translation>{file} se conserva: ya no está ahí, o no se puede leer.</translation>
    </message>
    <message>
        <source>{file} stays: it is on a network drive, which has no trash.</source>
        <translation>{file} se conserva: está en una unidad de red, que no tiene papelera.</translation>
    </message>
    <message>
        <source>{file} stays: the system cannot move it to the trash.</source>
        <translation>{file} se conserva: el sistema no puede moverla a la papelera.</translation>
    </message>
    <message>
        <source>{file} stays: there is no result to compare it with.</source>
        <translation>{file} se conserva: no hay un resultado con que compararla.</translation>
    </message>
    <message>
        <source>Job {job} is on legal hold. Nothing removes it until the hold is released.</source>
        <translation>El trabajo {job} está bajo retención legal. Nada lo quita hasta que se levante la retención.</translation>
    </message>
    <message>
        <source>This computer&apos;s clock is {days} days later than when the program was last used. Nothing is deleted by age until you confirm that the clock is right.</source>
        <translation>El reloj de este equipo está {days} días adelante respecto al último uso del programa. No se elimina nada por antigüedad hasta que usted confirme que el reloj es correcto.</translation>
    </message>
    <message>
        <source>The export settings of profiles and watched folders were damaged, and were set aside as {file}. Their results are not exported until you choose the settings again.</source>
        <translation>La configuración de exportación de los perfiles y las carpetas vigiladas estaba dañada y se apartó como {file}. Sus resultados no se exportan hasta que usted la elija de nuevo.</translation>
    </message>
    <message>
        <source>The pyannote model pack wants to run code that is not part of a model, and was not loaded. It may be malicious: remove it, and tell the people who are responsible for this computer.</source>
        <translation>El paquete de modelo de pyannote quiere ejecutar código que no forma parte de un modelo, y no se cargó. Puede ser malicioso: elimínelo y avise a los responsables de esta computadora.</translation>
    </message>
    <message>
        <source>{host} offers another {path} than this version of the program knows, so nothing was downloaded. Update the program; if it is up to date, tell the people who are responsible for this computer.</source>
        <translation>{host} ofrece otro {path} que el que conoce esta versión del programa, así que no se descargó nada. Actualice el programa; si ya está actualizado, avise a los responsables de esta computadora.</translation>
    </message>
    <message>
        <source>Setting {name} is set by your clinic.</source>
        <translation>Su clínica establece el ajuste {name}.</translation>
    </message>
    <message>
        <source>Setting {name}: your clinic allows at most {most}.</source>
        <translation>Ajuste {name}: su clínica permite como máximo {most}.</translation>
    </message>
    <message>
        <source>Setting {name}: your clinic allows only {choices}.</source>
        <translation>Ajuste {name}: su clínica solo permite {choices}.</translation>
    </message>
    <message>
        <source>Setting {name}: your clinic allows {least} or more.</source>
        <translation>Ajuste {name}: su clínica permite {least} o más.</translation>
    </message>
    <message>
        <source>Setting {name}: your clinic allows {least} to {most}.</source>
        <translation>Ajuste {name}: su clínica permite de {least} a {most}.</translation>
    </message>
    <message>
        <source>The policy of this computer, {file}, cannot be read ({error}). The program does not start before it is corrected.</source>
        <translation>No se puede leer la política de este equipo, {file} ({error}). El programa no se inicia hasta que se corrija.</translation>
    </message>
    <message>
        <source>The policy of this computer, {file}, has a rule for {name} that is not valid. The program does not start before it is corrected.</source>
        <translation>La política de este equipo, {file}, tiene una regla para {name} que no es válida. El programa no se inicia hasta que se corrija.</translation>
    </message>
    <message>
        <source>The policy of this computer, {file}, must belong to the administrator, and nobody else may write it or its folder. The program does not start before that is corrected.</source>
        <translation>La política de este equipo, {file}, debe pertenecer al administrador, y nadie más puede escribir en ella ni en su carpeta. El programa no se inicia hasta que se corrija.</translation>
    </message>
    <message>
        <source>The policy of this computer, {file}, names an unknown setting, “{name}”. The program does not start before it is corrected.</source>
        <translation>La política de este equipo, {file}, nombra un ajuste desconocido, “{name}”. El programa no se inicia hasta que se corrija.</translation>
    </message>
    <message>
        <source>there is no such file, or it is too large</source>
        <translation>no existe ese archivo, o es demasiado grande</translation>
    </message>
    <message>
        <source>Nothing can be written to the folder for results “{folder}”. Choose another folder; finished results wait for it.</source>
        <translation>No se puede guardar nada en la carpeta de resultados “{folder}”. Elija otra carpeta; mientras tanto, los resultados terminados esperan.</translation>
    </message>
    <message>
        <source>its file name has characters that cannot be shown</source>
        <translation>su nombre de archivo tiene caracteres que no se pueden mostrar</translation>
    </message>
    <message>
        <source>The process that reads the recording ended unexpectedly ({ended}).</source>
        <translation>El proceso que lee la grabación terminó de forma inesperada ({ended}).</translation>
    </message>
    <message>
        <source>The process that reads the recording reported an impossible result.</source>
        <translation>El proceso que lee la grabación informó un resultado imposible.</translation>
    </message>
    <message>
        <source>The system ended the process that reads the recording ({ended}). The computer may have run out of memory.</source>
        <translation>El sistema terminó el proceso que lee la grabación ({ended}). Es posible que la computadora se haya quedado sin memoria.</translation>
    </message>
    <message>
        <source>The worker process sent a message that makes no sense.</source>
        <translation>El proceso de trabajo envió un mensaje que no tiene sentido.</translation>
    </message>
    <message>
        <source>The folder of templates cannot be used: {reason}.</source>
        <translation>La carpeta de plantillas no se puede usar: {reason}.</translation>
    </message>
    <message>
        <source>The template {file} is not used: {reason}.</source>
        <translation>La plantilla {file} no se usa: {reason}.</translation>
    </message>
    <message>
        <source>There is no template {name}. There are: {known}.</source>
        <translation>No hay una plantilla {name}. Hay estas: {known}.</translation>
    </message>
    <message>
        <source>it cannot be read: {reason}</source>
        <translation>no se puede leer: {reason}</translation>
    </message>
    <message>
        <source>it is larger than {most} kB</source>
        <translation>ocupa más de {most} kB</translation>
    </message>
    <message>
        <source>it is not a TOML file</source>
        <translation>no es un archivo TOML</translation>
    </message>
    <message>
        <source>it is not a text in UTF-8</source>
        <translation>no es un texto en UTF-8</translation>
    </message>
    <message>
        <source>line {line} is not written as TOML requires</source>
        <translation>el renglón {line} no está escrito como pide TOML</translation>
    </message>
    <message>
        <source>on some computers {other} is the same file name</source>
        <translation>en algunas computadoras {other} es el mismo nombre de archivo</translation>
    </message>
    <message>
        <source>there are more than {most} templates in the folder</source>
        <translation>hay más de {most} plantillas en la carpeta</translation>
    </message>
    <message>
        <source>{key} is none of the keys {keys}</source>
        <translation>{key} no es ninguna de las claves {keys}</translation>
    </message>
    <message>
        <source>{key} must be a line of at most {most} characters, or such a line for each of {languages}</source>
        <translation>{key} debe ser un renglón de {most} caracteres como máximo, o uno así para cada idioma ({languages})</translation>
    </message>
    <message>
        <source>{key} must be a list of some of {choices}, each at most once</source>
        <translation>{key} debe ser una lista de algunos de estos, cada uno a lo más una vez: {choices}</translation>
    </message>
    <message>
        <source>{key} must be a number from {least} to {most}</source>
        <translation>{key} debe ser un número de {least} a {most}</translation>
    </message>
    <message>
        <source>{key} must be a text of at most {lines} lines of {most} characters, or one such text for each of {languages}</source>
        <translation>{key} debe ser un texto de {lines} renglones de {most} caracteres como máximo, o uno así para cada idioma ({languages})</translation>
    </message>
    <message>
        <source>{key} must be a text that contains no other braces than {fields}</source>
        <translation>{key} debe ser un texto sin más llaves que {fields}</translation>
    </message>
    <message>
        <source>{key} must be one of {choices}</source>
        <translation>{key} debe ser uno de estos: {choices}</translation>
    </message>
    <message>
        <source>{key} must be true or false</source>
        <translation>{key} debe ser true o false</translation>
    </message>
    <message>
        <source>{other} has the same name for people</source>
        <translation>{other} tiene el mismo nombre para las personas</translation>
    </message>
    <message>
        <source>{reason} Finished results wait until it is corrected, or until you choose another one in the settings.</source>
        <translation>{reason} Los resultados terminados esperan a que se corrija o a que usted elija otra en la configuración.</translation>
    </message>
    <message>
        <source>Entries {first} to {last} of the audit trail are missing.</source>
        <translation>Faltan los registros {first} a {last} de la bitácora de auditoría.</translation>
    </message>
    <message>
        <source>Entry {number} of the audit trail comes after entry {after}.</source>
        <translation>El registro {number} de la bitácora de auditoría está después del registro {after}.</translation>
    </message>
    <message>
        <source>Entry {number} of the audit trail is missing.</source>
        <translation>Falta el registro {number} de la bitácora de auditoría.</translation>
    </message>
    <message>
        <source>Entry {number} of the audit trail is not signed with the key that is due there.</source>
        <translation>El registro {number} de la bitácora de auditoría no está firmado con la clave que le corresponde.</translation>
    </message>
    <message>
        <source>Entry {number} of the audit trail signs other entries than those before it.</source>
        <translation>El registro {number} de la bitácora de auditoría firma otros registros que los que están antes de él.</translation>
    </message>
    <message>
        <source>Entry {number} of the audit trail was changed.</source>
        <translation>El registro {number} de la bitácora de auditoría fue modificado.</translation>
    </message>
    <message>
        <source>Job {job} exists, but no entry says that it was added.</source>
        <translation>El trabajo {job} existe, pero ningún registro dice que se agregó.</translation>
    </message>
    <message>
        <source>Job {job} is gone, and the audit trail has no entry about its removal.</source>
        <translation>El trabajo {job} desapareció y la bitácora de auditoría no tiene ningún registro de su eliminación.</translation>
    </message>
    <message>
        <source>Line {line} of file {file} of the audit trail is not an entry.</source>
        <translation>La línea {line} del archivo {file} de la bitácora de auditoría no es un registro.</translation>
    </message>
    <message>
        <source>The audit trail begins again with entry {number}, because its keys or files were gone. Entries at the end of the part before may be missing.</source>
        <translation>La bitácora de auditoría comienza de nuevo con el registro {number}, porque sus claves o archivos ya no estaban. Pueden faltar registros al final de la parte anterior.</translation>
    </message>
    <message>
        <source>The audit trail cannot be read ({reason}).</source>
        <translation>No se puede leer la bitácora de auditoría ({reason}).</translation>
    </message>
    <message>
        <source>The audit trail does not end with the entry written last.</source>
        <translation>La bitácora de auditoría no termina con el último registro que se escribió.</translation>
    </message>
    <message>
        <source>The file that says where the audit trail ends is lost or damaged.</source>
        <translation>El archivo que dice dónde termina la bitácora de auditoría se perdió o está dañado.</translation>
    </message>
    <message>
        <source>The key that verifies the entries from {number} on is lost. Only their signatures are verified.</source>
        <translation>Se perdió la clave que verifica los registros a partir del {number}. Solo se verifican sus firmas.</translation>
    </message>
    <message>
        <source>The last entries of the audit trail are not signed. Their number: {number}.</source>
        <translation>Los últimos registros de la bitácora de auditoría no están firmados. Cuántos son: {number}.</translation>
    </message>
    <message>
        <source>The passphrase is needed.</source>
        <translation>Se necesita la frase de contraseña.</translation>
    </message>
    <message>
        <source>The program is locked. Unlock it, and try again.</source>
        <translation>El programa está bloqueado. Desbloquéelo e inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>The result of job {job} is not the one in entry {number} of the audit trail.</source>
        <translation>El resultado del trabajo {job} no es el del registro {number} de la bitácora de auditoría.</translation>
    </message>
    <message>
        <source>The result of job {job}, in entry {number}, is gone.</source>
        <translation>El resultado del trabajo {job}, del registro {number}, ya no está.</translation>
    </message>
    <message>
        <source>There was an audit trail before this one: it was erased before entry {number}.</source>
        <translation>Antes de esta bitácora de auditoría hubo otra: se borró antes del registro {number}.</translation>
    </message>
    <message>
        <source>This computer has no keyring, or it is locked. Unlock it, or use a passphrase.</source>
        <translation>Esta computadora no tiene llavero o está bloqueado. Desbloquéelo o use una frase de contraseña.</translation>
    </message>
    <message>
        <source>This is not a recovery key of these results.</source>
        <translation>Esta no es una llave de recuperación de estos resultados.</translation>
    </message>
    <message>
        <source>This is not the passphrase.</source>
        <translation>Esta no es la frase de contraseña.</translation>
    </message>
    <message>
        <source>When entry {number} was written, the end of the audit trail was damaged.</source>
        <translation>Cuando se escribió el registro {number}, el final de la bitácora de auditoría estaba dañado.</translation>
    </message>
    <message>
        <source>Patterns cannot contain {field}. They can contain {fields}.</source>
        <translation>Los patrones no pueden contener {field}. Pueden contener {fields}.</translation>
    </message>
    <message>
        <source>The pattern needs a case or a date: {fields}.</source>
        <translation>El patrón necesita un caso o una fecha: {fields}.</translation>
    </message>
    <message>
        <source>The pattern “{pattern}” has a brace without its counterpart.</source>
        <translation>En el patrón «{pattern}» hay una llave sin su pareja.</translation>
    </message>
    <message>
        <source>The pattern “{pattern}” has the same field twice.</source>
        <translation>El patrón «{pattern}» tiene el mismo campo dos veces.</translation>
    </message>
    <message>
        <source>{number} recordings in the queue are encrypted with keys that are no longer there: they were removed, or an older copy of the data folder was put back.</source>
        <translation>{number} grabaciones de la cola están cifradas con llaves que ya no existen: se quitaron, o se restauró una copia anterior de la carpeta de datos.</translation>
    </message>
    <message>
        <source>“{recipient}” is not a public key of age. It begins with “age1”.</source>
        <translation>«{recipient}» no es una llave pública de age. Empieza con «age1».</translation>
    </message>
    <message>
        <source>“{text}” is not a date.</source>
        <translation>«{text}» no es una fecha.</translation>
    </message>
    <message>
        <source>De-identified copy: what was recognized as identifying is replaced by labels. Nothing guarantees that all of it was recognized; a person must read the copy before it is passed on.</source>
        <translation>Copia desidentificada: lo que se reconoció como identificador se sustituyó por etiquetas. Nada garantiza que se haya reconocido todo; una persona debe leer la copia antes de entregarla.</translation>
    </message>
    <message>
        <source>Line {line} of the list of names cannot be used. Each line has one name, and after “=” its kind, one of {kinds}.</source>
        <translation>No se puede usar la línea {line} de la lista de nombres. Cada línea contiene un nombre y, después de «=», su tipo, uno de {kinds}.</translation>
    </message>
    <message>
        <source>The list of names cannot be read or written: {reason}</source>
        <translation>No se puede leer o escribir la lista de nombres: {reason}</translation>
    </message>
    <message>
        <source>The list of names has more than {most} entries.</source>
        <translation>La lista de nombres tiene más de {most} entradas.</translation>
    </message>
    <message>
        <source>The list of names is not a text in UTF-8.</source>
        <translation>La lista de nombres no es un texto en UTF-8.</translation>
    </message>
    <message>
        <source>Every account can replace the data folder {home}, because every account can write to {folder}. Choose another with FI_DESKTOP_HOME.</source>
        <translation>Cualquier cuenta puede reemplazar la carpeta de datos {home}, porque cualquier cuenta puede escribir en {folder}. Elija otra con FI_DESKTOP_HOME.</translation>
    </message>
    <message>
        <source>This is too much for one request to the running program. Add fewer files at a time.</source>
        <translation>Esto es demasiado para una sola solicitud al programa en ejecución. Agregue menos archivos a la vez.</translation>
    </message>
    <message>
        <source>PDF with figures</source>
        <translation>PDF con cifras</translation>
    </message>
    <message>
        <source>Web page with figures</source>
        <translation>Página web con cifras</translation>
    </message>
    <message>
        <source>Audacity labels</source>
        <translation>Etiquetas de Audacity</translation>
    </message>
    <message>
        <source>ELAN</source>
        <translation>ELAN</translation>
    </message>
    <message>
        <source>Markdown</source>
        <translation>Markdown</translation>
    </message>
    <message>
        <source>Nothing can be written to {number} folders for results now. Finished results are written there once it is possible.</source>
        <translation>Por ahora no se puede guardar nada en {number} carpetas de resultados. Los resultados terminados se guardarán ahí en cuanto sea posible.</translation>
    </message>
    <message>
        <source>PDF</source>
        <translation>PDF</translation>
    </message>
    <message>
        <source>Praat TextGrid</source>
        <translation>TextGrid de Praat</translation>
    </message>
    <message>
        <source>Table (CSV)</source>
        <translation>Tabla (CSV)</translation>
    </message>
    <message>
        <source>The disk of the folder for results “{folder}” is full. Finished results are written there once there is room.</source>
        <translation>El disco de la carpeta de resultados “{folder}” está lleno. Los resultados terminados se guardarán ahí cuando haya espacio.</translation>
    </message>
    <message>
        <source>The folder for results “{folder}” is not connected. Finished results are written there when it is back.</source>
        <translation>La carpeta de resultados “{folder}” no está conectada. Los resultados terminados se guardarán ahí cuando vuelva a estar disponible.</translation>
    </message>
    <message>
        <source>Web page</source>
        <translation>Página web</translation>
    </message>
    <message>
        <source>Word</source>
        <translation>Word</translation>
    </message>
    <message>
        <source>Word with line numbers</source>
        <translation>Word con líneas numeradas</translation>
    </message>
    <message>
        <source>This is another recording. Choose the one that this result was made from.</source>
        <translation>Esta es otra grabación. Elija la grabación de la que se hizo este resultado.</translation>
    </message>
    <message>
        <source>This result was changed somewhere else meanwhile, so your last changes are not saved. Open it again, and make them again.</source>
        <translation>Este resultado se cambió entretanto en otro lugar, por lo que sus últimos cambios no se guardaron. Ábralo de nuevo y vuelva a hacerlos.</translation>
    </message>
    <message>
        <source>This recording is being processed again. Cancel that first, or wait for the new version.</source>
        <translation>Esta grabación se está procesando de nuevo. Cancele eso primero o espere la nueva versión.</translation>
    </message>
    <message>
        <source>This version of the result cannot be found any more.</source>
        <translation>Ya no se encuentra esta versión del resultado.</translation>
    </message>
    <message>
        <source>The vocabulary list {name} is not used: it has more than {most} terms.</source>
        <translation>No se usa la lista de vocabulario {name}: tiene más de {most} términos.</translation>
    </message>
    <message>
        <source>The vocabulary list {name} is not used: line {line} of {file} is longer than {most} characters.</source>
        <translation>No se usa la lista de vocabulario {name}: el renglón {line} de {file} tiene más de {most} caracteres.</translation>
    </message>
    <message>
        <source>The vocabulary list {name} is not used: {file} cannot be read: {reason}</source>
        <translation>No se usa la lista de vocabulario {name}: no se puede leer {file}: {reason}</translation>
    </message>
    <message>
        <source>The vocabulary list {name} is not used: {file} is not a text in UTF-8.</source>
        <translation>No se usa la lista de vocabulario {name}: {file} no es un texto en UTF-8.</translation>
    </message>
    <message>
        <source>There is no vocabulary list {name}. Known: {known}.</source>
        <translation>No existe la lista de vocabulario {name}. Las que hay: {known}.</translation>
    </message>
    <message>
        <source>The recording could not be played.</source>
        <translation>No se pudo reproducir la grabación.</translation>
    </message>
    <message>
        <source>This computer has no audio device to play sound on.</source>
        <translation>Esta computadora no tiene un dispositivo de audio para reproducir sonido.</translation>
    </message>
    <message>
        <source>Only one voice was found, although {asked} speakers were expected.</source>
        <translation>Solo se encontró una voz, aunque se esperaban {asked} hablantes.</translation>
    </message>
    <message>
        <source>Only {found} voices were found, although {asked} speakers were expected.</source>
        <translation>Solo se encontraron {found} voces, aunque se esperaban {asked} hablantes.</translation>
    </message>
    <message>
        <source>The voices suggest one speaker instead of {asked}. Please check.</source>
        <translation>Por las voces, parece ser un solo hablante en lugar de {asked}. Conviene revisar.</translation>
    </message>
    <message>
        <source>The voices suggest {probable} speakers instead of {asked}. Please check.</source>
        <translation>Por las voces, parecen ser {probable} hablantes en lugar de {asked}. Conviene revisar.</translation>
    </message>
    <message>
        <source>The drive or folder of the recording is not connected. Connect it.</source>
        <translation>La unidad o la carpeta de la grabación no está conectada. Conéctela.</translation>
    </message>
    <message>
        <source>There is not enough disk space to decode the recording. Free some space, and try again.</source>
        <translation>No hay espacio suficiente en el disco para decodificar esta grabación. Libere espacio e inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>This is a shortcut, not a recording. Add the file it points to.</source>
        <translation>Este es un acceso directo y no la grabación: agregue el archivo al que apunta.</translation>
    </message>
    <message>
        <source>The recording was moved or deleted. Put it back, and try again.</source>
        <translation>La grabación se movió o se eliminó. Devuélvala a su sitio e inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>The recording could not be read to the end. Check its drive or network.</source>
        <translation>No se pudo leer la grabación hasta el final. Verifique su unidad o carpeta de red.</translation>
    </message>
    <message>
        <source>The Whisper model does not support this language.</source>
        <translation>El modelo de Whisper no admite este idioma.</translation>
    </message>
    <message>
        <source>The speech detector is not installed.</source>
        <translation>El detector de voz no está instalado.</translation>
    </message>
    <message>
        <source>{host} is unavailable (status {status}). Try again later.</source>
        <translation>{host} no puede atender la petición ahora (estado {status}): inténtelo más tarde.</translation>
    </message>
    <message>
        <source>The archive has links. Nothing was unpacked.</source>
        <translation>El archivo contiene enlaces. No se descomprimió nada.</translation>
    </message>
    <message>
        <source>The archive&apos;s compression is unusual. Create a plain zip.</source>
        <translation>El archivo usa una compresión poco común. Cree un zip normal.</translation>
    </message>
    <message>
        <source>The file is empty: nothing was recorded, or the copy was interrupted.</source>
        <translation>El archivo está vacío: no se grabó nada o se interrumpió la copia.</translation>
    </message>
    <message>
        <source>Part of the file after {at:clock} could not be read.</source>
        <translation>No se pudo leer una parte del archivo después de {at:clock}.</translation>
    </message>
    <message>
        <source>it does not exist</source>
        <translation>no existe</translation>
    </message>
    <message>
        <source>it is a device or a pipe, not a file</source>
        <translation>es un dispositivo o una tubería, no un archivo</translation>
    </message>
    <message>
        <source>its drive does not respond</source>
        <translation>su unidad no responde</translation>
    </message>
    <message>
        <source>The data folder {home} belongs to another account. Choose another with FI_DESKTOP_HOME.</source>
        <translation>La carpeta de datos {home} es de otra cuenta: elija otra con FI_DESKTOP_HOME.</translation>
    </message>
    <message>
        <source>Other accounts can open the data folder {home}, and its drive cannot prevent it. Choose another with FI_DESKTOP_HOME.</source>
        <translation>Otras cuentas pueden abrir la carpeta de datos {home} y su unidad no puede impedirlo: elija otra con FI_DESKTOP_HOME.</translation>
    </message>
    <message>
        <source>The recording changed while it was being read. Try again when it is complete.</source>
        <translation>La grabación cambió mientras se leía: vuelva a intentarlo cuando esté completa.</translation>
    </message>
    <message>
        <source>Reading this file crashes the program. Convert it to another format, or send it to us.</source>
        <translation>Leer este archivo hace fallar el programa: conviértalo a otro formato o envíenoslo.</translation>
    </message>
    <message>
        <source>The system ended the worker process ({ended}). The computer may have run out of memory.</source>
        <translation>El sistema terminó el proceso de trabajo ({ended}). Puede que se haya agotado la memoria.</translation>
    </message>
    <message>
        <source>The disk is full. Nothing can be saved until there is free space.</source>
        <translation>El disco está lleno: no se puede guardar nada hasta que haya espacio.</translation>
    </message>
    <message>
        <source>The queue cannot be opened.</source>
        <translation>No se puede abrir la cola.</translation>
    </message>
    <message>
        <source>The queue cannot be saved: the disk rejects it.</source>
        <translation>La cola no se puede guardar: el disco no lo acepta.</translation>
    </message>
    <message>
        <source>The recording is too long to process at once. Split it into parts of a few hours, and add those.</source>
        <translation>La grabación es demasiado larga para procesarla de una sola vez. Divídala en partes de unas horas y agréguelas.</translation>
    </message>
    <message>
        <source>No audio or video was found, only files of other types ({kinds}).</source>
        <translation>No se encontró audio ni video, solo archivos de otros tipos ({kinds}).</translation>
    </message>
    <message>
        <source>Nothing was added. {path} cannot be read ({reason}).</source>
        <translation>No se agregó nada: no se puede leer {path} ({reason}).</translation>
    </message>
    <message>
        <source>The program is already running. Close it first.</source>
        <translation>El programa ya está abierto. Ciérrelo primero.</translation>
    </message>
    <message>
        <source>The recording has {found:length} of clear speech, but at least {needed:length} is needed.</source>
        <translation>La grabación tiene {found:length} de habla clara, pero se necesitan al menos {needed:length}.</translation>
    </message>
    <message>
        <source>This dictation format can only be read by the recorder&apos;s own software. Export it there as WAV, and add that file.</source>
        <translation>Este dictado está en un formato que solo lee el programa de su propia grabadora: expórtelo ahí como WAV y agregue ese archivo.</translation>
    </message>
    <message>
        <source>This dictation is encrypted. Decrypt it with the recorder&apos;s own software, export it there as WAV, and add that file.</source>
        <translation>Este dictado está cifrado: descífrelo en el programa de su propia grabadora, expórtelo ahí como WAV y agregue ese archivo.</translation>
    </message>
    <message>
        <source>This is an Audacity project, not a recording. Export it as WAV, and add that file.</source>
        <translation>Este es un proyecto de Audacity y no una grabación: expórtelo ahí como WAV y agregue ese archivo.</translation>
    </message>
    <message>
        <source>The recording is damaged and cannot be read. Copy it again from the recorder.</source>
        <translation>La grabación está dañada y no se puede leer nada de ella: cópiela de nuevo desde la grabadora.</translation>
    </message>
    <message>
        <source>You do not have permission to read this recording. Copy it to a folder of yours, and try again.</source>
        <translation>No tiene permiso para leer esta grabación. Cópiela en una carpeta propia e inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>This file has no audio track.</source>
        <translation>Este archivo no tiene pista de audio.</translation>
    </message>
    <message>
        <source>The recording contains no audio: its length is zero.</source>
        <translation>La grabación no contiene audio: su duración es cero.</translation>
    </message>
    <message>
        <source>This is a folder or a device, not a recording.</source>
        <translation>Esto es una carpeta o un dispositivo, no una grabación.</translation>
    </message>
    <message>
        <source>The recording is silent from beginning to end. Check the microphone.</source>
        <translation>La grabación está en silencio de principio a fin. Verifique el micrófono.</translation>
    </message>
    <message>
        <source>This file is not a recording that can be read, or it is copy-protected.</source>
        <translation>Este archivo no es una grabación que se pueda leer, o está protegido contra copia.</translation>
    </message>
    <message>
        <source>The disk is full. Free some space, and the job continues.</source>
        <translation>El disco está lleno: libere espacio y el trabajo continuará.</translation>
    </message>
    <message>
        <source>The program is already running, but does not respond.</source>
        <translation>El programa ya está abierto, pero no responde.</translation>
    </message>
    <message>
        <source>The {engine} model pack is incomplete. Install it again.</source>
        <translation>El paquete de modelo de {engine} está incompleto: instálelo de nuevo.</translation>
    </message>
    <message>
        <source>The built-in voice model is damaged. Install the program again.</source>
        <translation>El modelo de voz integrado está dañado; instale el programa de nuevo.</translation>
    </message>
    <message>
        <source>The engine {name} needs a model pack, but none is installed.</source>
        <translation>El motor {name} necesita un paquete de modelo y no hay ninguno instalado.</translation>
    </message>
    <message>
        <source>This type of pyannote model pack is not supported.</source>
        <translation>Este tipo de paquete de modelo de pyannote no es compatible.</translation>
    </message>
    <message>
        <source>Something unexpected went wrong ({error}).</source>
        <translation>Ocurrió un error inesperado ({error}).</translation>
    </message>
    <message>
        <source>Unknown engine “{name}”. Available: {known}.</source>
        <translation>Motor desconocido: “{name}”. Disponibles: {known}.</translation>
    </message>
    <message>
        <source>The disk is full. Free some space, and export again.</source>
        <translation>El disco está lleno: libere espacio y exporte de nuevo.</translation>
    </message>
    <message>
        <source>The file could not be written. Choose another folder.</source>
        <translation>No se pudo escribir el archivo ahí: elija otra carpeta.</translation>
    </message>
    <message>
        <source>The disk of the data folder {home} is full. Free some space, and start again.</source>
        <translation>El disco de la carpeta de datos {home} está lleno: libere espacio y abra el programa de nuevo.</translation>
    </message>
    <message>
        <source>The data folder {home} is on a network drive, where a queue is not safe. Choose a local one with FI_DESKTOP_HOME.</source>
        <translation>La carpeta de datos {home} está en una unidad de red, donde la cola no es segura. Elija una local con FI_DESKTOP_HOME.</translation>
    </message>
    <message>
        <source>The data folder {home} is a file. Choose another with FI_DESKTOP_HOME.</source>
        <translation>La carpeta de datos {home} es un archivo: elija otra con FI_DESKTOP_HOME.</translation>
    </message>
    <message>
        <source>Cannot write to the data folder {home} ({reason}). Choose another with FI_DESKTOP_HOME.</source>
        <translation>No se puede escribir en la carpeta de datos {home} ({reason}): elija otra con FI_DESKTOP_HOME.</translation>
    </message>
    <message>
        <source>The program ended {times} times while processing this job.</source>
        <translation>El programa se cerró {times} veces mientras procesaba este trabajo.</translation>
    </message>
    <message>
        <source>This job is running. Cancel it before you remove it.</source>
        <translation>Este trabajo está en curso: cancélelo antes de quitarlo.</translation>
    </message>
    <message>
        <source>The computer ran out of memory.</source>
        <translation>La computadora se quedó sin memoria.</translation>
    </message>
    <message>
        <source>A model pack named {name} is already installed.</source>
        <translation>Ya hay instalado un paquete de modelo llamado {name}.</translation>
    </message>
    <message>
        <source>Models are only downloaded from addresses that start with https://.</source>
        <translation>Los modelos solo se descargan de direcciones que empiezan por https://.</translation>
    </message>
    <message>
        <source>{path} is missing or does not match its manifest. The copy is damaged or was changed, and nothing was imported.</source>
        <translation>{path} falta o no coincide con su manifiesto. La copia está dañada o se modificó, y no se importó nada.</translation>
    </message>
    <message>
        <source>“{name}” is not a valid name for a model pack. Use lowercase letters, digits, “.”, “-” and “_”.</source>
        <translation>“{name}” no es un nombre válido para un paquete de modelo. Use minúsculas, dígitos, “.”, “-” y “_”.</translation>
    </message>
    <message>
        <source>{host} rejects this token. Create a new one at {tokens}.</source>
        <translation>{host} rechaza este token. Cree uno nuevo en {tokens}.</translation>
    </message>
    <message>
        <source>Copying the pack was interrupted ({reason}). Is the USB drive still connected?</source>
        <translation>La copia del paquete se interrumpió ({reason}): ¿sigue conectada la memoria USB?</translation>
    </message>
    <message>
        <source>The model pack {name} is part of the program and cannot be removed.</source>
        <translation>El paquete de modelo {name} forma parte del programa y no se puede eliminar.</translation>
    </message>
    <message>
        <source>The model pack {name} is already being installed.</source>
        <translation>El paquete de modelo {name} ya se está instalando.</translation>
    </message>
    <message>
        <source>The model pack {name} is not used: {file} is damaged or was changed. Install it again.</source>
        <translation>El paquete de modelo {name} no se usa: {file} está dañado o se modificó. Instálelo de nuevo.</translation>
    </message>
    <message>
        <source>The connection to {host} was interrupted. The downloaded part is kept. Try again to continue.</source>
        <translation>Se interrumpió la conexión con {host}. Lo descargado se conserva: inténtelo de nuevo para continuar.</translation>
    </message>
    <message>
        <source>{host} sent something other than the file it announced ({path}). Try again.</source>
        <translation>Lo recibido de {host} no es el archivo anunciado ({path}): inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>This is not a zip archive, or it is damaged.</source>
        <translation>Esto no es un archivo zip, o está dañado.</translation>
    </message>
    <message>
        <source>The archive is protected with a password. Unpack it, and import the folder.</source>
        <translation>El archivo está protegido con contraseña: descomprímalo antes e importe la carpeta.</translation>
    </message>
    <message>
        <source>Your Hugging Face account has no access to {repo} yet. Accept its conditions at {page}, and make sure that the token can read gated repositories. Then try again.</source>
        <translation>Su cuenta de Hugging Face aún no tiene acceso a {repo}: acepte sus condiciones en {page} y compruebe que el token permite leer repositorios restringidos. Después, inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>The model pack {name} is in use. Wait until the running jobs end, and try again.</source>
        <translation>El paquete de modelo {name} está en uso: espere a que terminen los trabajos en curso e inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>The model pack {name} is incomplete: {reason}. Install or import it again.</source>
        <translation>El paquete de modelo {name} está incompleto: {reason}. Instálelo o impórtelo de nuevo.</translation>
    </message>
    <message>
        <source>The folder contains links, like the hub&apos;s own cache. Copy it with cp -rL first.</source>
        <translation>La carpeta contiene enlaces, como la caché del propio servidor: cópiela antes con cp -rL.</translation>
    </message>
    <message>
        <source>{repo} requires a free Hugging Face account. Accept its conditions at {page}, create a token at {tokens}, and enter it here.</source>
        <translation>{repo} requiere una cuenta gratuita de Hugging Face. Acepte sus condiciones en {page}, cree un token en {tokens} e introdúzcalo aquí.</translation>
    </message>
    <message>
        <source>This is not a model pack: it contains neither a manifest nor the files of a pyannote or Whisper model.</source>
        <translation>Esto no es un paquete de modelo: no contiene ni un manifiesto ni los archivos de un modelo de pyannote o Whisper.</translation>
    </message>
    <message>
        <source>{wanted:size} more are needed, but only {free:size} are free on that disk. Free some space first.</source>
        <translation>Se necesitan {wanted:size} más, pero en ese disco solo quedan {free:size} libres. Libere espacio primero.</translation>
    </message>
    <message>
        <source>{host} does not have {repo}, or no longer has this file of it.</source>
        <translation>{host} no tiene {repo}, o ya no tiene este archivo.</translation>
    </message>
    <message>
        <source>This file or folder does not exist, or cannot be read.</source>
        <translation>Este archivo o carpeta no existe, o no se puede leer.</translation>
    </message>
    <message>
        <source>{host} did not answer with a list of files. Does the network require a login page?</source>
        <translation>{host} no respondió con una lista de archivos. ¿La red exige iniciar sesión en una página?</translation>
    </message>
    <message>
        <source>{host} cannot be reached. Check the network and the proxy (HTTPS_PROXY), or bring the pack on a USB drive and import it.</source>
        <translation>No se puede conectar con {host}. Verifique la red y el proxy (HTTPS_PROXY), o traiga el paquete en una memoria USB e impórtelo.</translation>
    </message>
    <message>
        <source>The proxy requires a user name and password. Set them in HTTPS_PROXY, and try again.</source>
        <translation>El proxy pide usuario y contraseña: indíquelos en HTTPS_PROXY e inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>“{path}” exists twice, or differs from another file only in case. Nothing was read.</source>
        <translation>“{path}” aparece dos veces, o solo difiere de otro archivo en las mayúsculas. No se leyó nada.</translation>
    </message>
    <message>
        <source>The archive unpacks to far more than model weights do. Nothing was unpacked.</source>
        <translation>El archivo descomprimido ocuparía mucho más que los pesos de un modelo. No se descomprimió nada.</translation>
    </message>
    <message>
        <source>The archive would unpack to {size:size}, more than any model pack. Nothing was unpacked.</source>
        <translation>El archivo descomprimido ocuparía {size:size}, más que cualquier paquete de modelo. No se descomprimió nada.</translation>
    </message>
    <message>
        <source>There are far more files than in a model pack.</source>
        <translation>Esto contiene muchos más archivos que un paquete de modelo.</translation>
    </message>
    <message>
        <source>{name} is a pyannote model. Loading it can run any program that its author hid in it. Import it only if you know and trust its source.</source>
        <translation>{name} es un modelo de pyannote. Al cargarlo puede ejecutarse cualquier programa que su autor haya ocultado en él. Impórtelo solo si conoce su origen y confía en él.</translation>
    </message>
    <message>
        <source>Unknown model pack “{name}”. Available: {known}.</source>
        <translation>Paquete de modelo desconocido: “{name}”. Disponibles: {known}.</translation>
    </message>
    <message>
        <source>“{path}” is outside its folder, or not a valid name on every system. Nothing was read.</source>
        <translation>“{path}” está fuera de su carpeta, o no es un nombre válido en todos los sistemas. No se leyó nada.</translation>
    </message>
    <message>
        <source>The certificate of {host} is not trusted, so nothing was downloaded. If the network inspects connections, its own certificate must be installed on this computer.</source>
        <translation>El certificado de {host} no es de confianza, así que no se descargó nada. Si la red inspecciona las conexiones, su propio certificado debe estar instalado en esta computadora.</translation>
    </message>
    <message>
        <source>Cannot write to the models folder {root}.</source>
        <translation>No se puede escribir en la carpeta de modelos {root}.</translation>
    </message>
    <message>
        <source>Your profiles were damaged, and were set aside as {file}. The built-in profiles are available.</source>
        <translation>Sus perfiles estaban dañados y se apartaron como {file}. Los perfiles integrados están disponibles.</translation>
    </message>
    <message>
        <source>Your profiles cannot be read ({reason}). The built-in profiles are available.</source>
        <translation>No se pueden leer sus perfiles ({reason}). Los perfiles integrados están disponibles.</translation>
    </message>
    <message>
        <source>Setting {name}: {value} is above {most}.</source>
        <translation>Opción {name}: {value} es mayor que {most}.</translation>
    </message>
    <message>
        <source>Setting {name}: {value} is below {least}.</source>
        <translation>Opción {name}: {value} es menor que {least}.</translation>
    </message>
    <message>
        <source>Unknown setting “{name}”.</source>
        <translation>Opción desconocida: “{name}”.</translation>
    </message>
    <message>
        <source>config.yaml does not contain “{wanted}”, so the model would be searched for on the network</source>
        <translation>config.yaml no contiene “{wanted}”, así que el modelo se buscaría en la red</translation>
    </message>
    <message>
        <source>The queue was written by a newer version of fi-desktop, and was not changed. Start that version, or choose another data folder with FI_DESKTOP_HOME.</source>
        <translation>Una versión más reciente de fi-desktop escribió la cola, que no se modificó. Abra esa versión o elija otra carpeta de datos con FI_DESKTOP_HOME.</translation>
    </message>
    <message>
        <source>No audio or video was found.</source>
        <translation>No se encontró audio ni video.</translation>
    </message>
    <message>
        <source>The list of watched folders was damaged, and was set aside as {file}. Add them again.</source>
        <translation>La lista de carpetas vigiladas estaba dañada y se apartó como {file}. Agréguelas de nuevo.</translation>
    </message>
    <message>
        <source>The folder is no longer watched.</source>
        <translation>La carpeta ya no se vigila.</translation>
    </message>
    <message>
        <source>There is no display. `fi-desktop run` works without one.</source>
        <translation>No hay pantalla. `fi-desktop run` funciona sin ella.</translation>
    </message>
    <message>
        <source>The worker process ended unexpectedly ({ended}).</source>
        <translation>El proceso de trabajo terminó de forma inesperada ({ended}).</translation>
    </message>
    <message>
        <source>The program was ended each time it worked on this.</source>
        <translation>El programa se cerró cada vez que procesaba este trabajo.</translation>
    </message>
    <message>
        <source>The worker process stopped responding.</source>
        <translation>El proceso de trabajo dejó de responder.</translation>
    </message>
    <message>
        <source>The file is damaged after {at:clock}. The part before was used.</source>
        <translation>El archivo está dañado a partir de {at:clock}. Se usó la parte anterior.</translation>
    </message>
    <message>
        <source>The file is damaged in places, first at {at:clock}. What could not be read was replaced by silence.</source>
        <translation>El archivo está dañado en algunos puntos, el primero en {at:clock}; lo que no se pudo leer queda en silencio.</translation>
    </message>
    <message>
        <source>The file ends at {at:clock}, although it should last {length:length}. Copy it again from the recorder.</source>
        <translation>El archivo termina en {at:clock}, aunque debería durar {length:length}: cópielo de nuevo desde la grabadora.</translation>
    </message>
    <message>
        <source>The file is damaged at {at:clock}. {length:length} could not be read and were replaced by silence.</source>
        <translation>El archivo está dañado en {at:clock}: no se pudieron leer {length:length}, que quedan en silencio.</translation>
    </message>
    <message>
        <source>The file is damaged in {places} places, first at {at:clock}. {length:length} in total could not be read and were replaced by silence.</source>
        <translation>El archivo está dañado en {places} puntos, el primero en {at:clock}: no se pudieron leer {length:length} en total, que quedan en silencio.</translation>
    </message>
    <message>
        <source>Nothing was recorded for {length:length} at {at:clock}: a pause, or a part that was lost.</source>
        <translation>En {at:clock} no se grabó nada durante {length:length}: es una pausa o una parte que se perdió.</translation>
    </message>
    <message>
        <source>About {number} in 100 words may be wrong.</source>
        <translation>Cerca de {number} de cada 100 palabras podrían estar mal.</translation>
    </message>
    <message>
        <source>Another program uses this data folder. Give each worker its own FI_DESKTOP_HOME.</source>
        <translation>Otro programa usa esta carpeta de datos. Dé a cada proceso su propio FI_DESKTOP_HOME.</translation>
    </message>
    <message>
        <source>Choose a passphrase of at least {number} characters.</source>
        <translation>Elija una frase de contraseña de al menos {number} caracteres.</translation>
    </message>
    <message>
        <source>Choose the folder and the formats in which results are written.</source>
        <translation>Elija la carpeta y los formatos en que se guardan los resultados.</translation>
    </message>
    <message>
        <source>Choose the keyring, a passphrase, or both.</source>
        <translation>Elija el llavero, una frase de contraseña o ambos.</translation>
    </message>
    <message>
        <source>Contact with the server was lost {times} times while it processed this recording.</source>
        <translation>Se perdió el contacto con el servidor {times} veces mientras procesaba esta grabación.</translation>
    </message>
    <message>
        <source>E-mail can only be sent without encryption if the mail server is on this computer.</source>
        <translation>Solo se puede enviar correo sin cifrar si el servidor de correo está en este equipo.</translation>
    </message>
    <message>
        <source>Enter a file name. It can contain {fields}.</source>
        <translation>Escriba un nombre de archivo. Puede contener {fields}.</translation>
    </message>
    <message>
        <source>Enter the mail server that sends the alerts.</source>
        <translation>Escriba el servidor de correo que envía las alertas.</translation>
    </message>
    <message>
        <source>Failures: {failed} of the last {ended} recordings, {percent} % (limit: {limit} %).</source>
        <translation>Errores: {failed} de las últimas {ended} grabaciones, {percent} % (límite: {limit} %).</translation>
    </message>
    <message>
        <source>Fewer than 1 in 100 words may be wrong.</source>
        <translation>Menos de 1 de cada 100 palabras podría estar mal.</translation>
    </message>
    <message>
        <source>File names cannot contain {field}. They can contain {fields}.</source>
        <translation>Los nombres de archivo no pueden contener {field}. Pueden contener {fields}.</translation>
    </message>
    <message>
        <source>Free disk space: {free:size}, less than {limit:size}.</source>
        <translation>Espacio libre en disco: {free:size}, menos de {limit:size}.</translation>
    </message>
    <message>
        <source>More than one voice was found in the recording. Record the person alone.</source>
        <translation>Se encontró más de una voz en la grabación. Grabe a la persona a solas.</translation>
    </message>
    <message>
        <source>Nothing is sent to the server until you allow recordings to leave this computer, in the settings.</source>
        <translation>No se envía nada al servidor hasta que usted permita, en la configuración, que las grabaciones salgan de este equipo.</translation>
    </message>
    <message>
        <source>Nothing is sent to {server} until you agree, in the window or by fi-desktop server agree.</source>
        <translation>No se envía nada a {server} hasta que usted acepte, en la ventana o con fi-desktop server agree.</translation>
    </message>
    <message>
        <source>Nothing was recorded in {places} places, first at {at:clock}, {length:length} in total: pauses, or parts that were lost.</source>
        <translation>En {places} puntos no se grabó nada, el primero en {at:clock}, {length:length} en total: son pausas o partes que se perdieron.</translation>
    </message>
    <message>
        <source>Other accounts can read the key file for the server. Let only its owner read it.</source>
        <translation>Otras cuentas pueden leer el archivo de clave del servidor. Permita que solo lo lea su dueño.</translation>
    </message>
    <message>
        <source>The connection to the server would not be encrypted. Use rediss://, or allow a server without TLS.</source>
        <translation>La conexión con el servidor no estaría cifrada. Use rediss:// o permita un servidor sin TLS.</translation>
    </message>
    <message>
        <source>The encrypted list of names was damaged. Put back an earlier copy of {file}, or delete it.</source>
        <translation>La lista cifrada de nombres se dañó. Restaure una copia anterior de {file} o elimínela.</translation>
    </message>
    <message>
        <source>The encrypted settings were damaged. Put back an earlier copy of {file}, or delete it to use the defaults.</source>
        <translation>La configuración cifrada se dañó. Restaure una copia anterior de {file}, o elimínelo para usar los valores predeterminados.</translation>
    </message>
    <message>
        <source>The enrolled voices cannot be read. Erase all of them and enrol each person again.</source>
        <translation>No se pueden leer las voces registradas. Bórrelas todas y registre de nuevo a cada persona.</translation>
    </message>
    <message>
        <source>The file name “{template}” has a brace without its counterpart.</source>
        <translation>Al nombre de archivo “{template}” le falta una llave de apertura o de cierre.</translation>
    </message>
    <message>
        <source>The file&apos;s clock jumps by {length:length} at {at:clock}. The parts before and after it were joined.</source>
        <translation>El reloj del archivo salta {length:length} en {at:clock}. Las partes anterior y posterior se unieron.</translation>
    </message>
    <message>
        <source>The file&apos;s header declares only {length:length} of audio, but the file contains more. It was read to its end at {at:clock}.</source>
        <translation>El encabezado del archivo indica solo {length:length} de audio, pero el archivo contiene más: se leyó hasta su final, en {at:clock}.</translation>
    </message>
    <message>
        <source>The folder for transfers cannot be reached ({reason}).</source>
        <translation>No se puede acceder a la carpeta de transferencia ({reason}).</translation>
    </message>
    <message>
        <source>The folder for transfers cannot be used: it is no URL of a folder, or what it needs is not installed.</source>
        <translation>No se puede usar la carpeta de transferencia: no es la URL de una carpeta, o no está instalado lo que necesita.</translation>
    </message>
    <message>
        <source>The key file for the server cannot be read, or is damaged.</source>
        <translation>El archivo de clave del servidor no se puede leer o está dañado.</translation>
    </message>
    <message>
        <source>The key of the encrypted results is not in this account&apos;s keyring. Put the keyring back, or use the recovery key. Nothing was changed.</source>
        <translation>La llave de los resultados cifrados no está en el llavero de esta cuenta. Restaure el llavero o use la llave de recuperación. No se cambió nada.</translation>
    </message>
    <message>
        <source>The keys of the encrypted results in {folder} are damaged. Put back an earlier copy of it.</source>
        <translation>Las llaves de los resultados cifrados en {folder} están dañadas. Restaure una copia anterior de esa carpeta.</translation>
    </message>
    <message>
        <source>The results are encrypted already.</source>
        <translation>Los resultados ya están cifrados.</translation>
    </message>
    <message>
        <source>The results are encrypted with the keys of another data folder. Put back the folder with their keys. Nothing was changed.</source>
        <translation>Los resultados están cifrados con las llaves de otra carpeta de datos. Vuelva a poner la carpeta con sus llaves. No se cambió nada.</translation>
    </message>
    <message>
        <source>The results are encrypted, and the folder with their keys is missing. Put it back next to the data folder. Nothing was changed.</source>
        <translation>Los resultados están cifrados y falta la carpeta con sus llaves. Vuelva a ponerla junto a la carpeta de datos. No se cambió nada.</translation>
    </message>
    <message>
        <source>The results were encrypted by a newer version of this program. Install that version.</source>
        <translation>Una versión más nueva de este programa cifró los resultados. Instale esa versión.</translation>
    </message>
    <message>
        <source>The search index cannot be read now. Try again.</source>
        <translation>El índice de búsqueda no se puede leer en este momento. Intente de nuevo.</translation>
    </message>
    <message>
        <source>The search index is damaged. It is made again from the results, which are not affected.</source>
        <translation>El índice de búsqueda está dañado. Se vuelve a crear a partir de los resultados, que no están afectados.</translation>
    </message>
    <message>
        <source>The server cannot be reached ({reason}).</source>
        <translation>No se puede acceder al servidor ({reason}).</translation>
    </message>
    <message>
        <source>The server could not do this: {reason}</source>
        <translation>El servidor no pudo hacerlo: {reason}</translation>
    </message>
    <message>
        <source>The server has another key than this computer.</source>
        <translation>El servidor tiene una clave distinta de la de este equipo.</translation>
    </message>
    <message>
        <source>The server has another version of the program. Install the same version on both.</source>
        <translation>El servidor tiene otra versión del programa. Instale la misma versión en ambos.</translation>
    </message>
    <message>
        <source>The server has no workers.</source>
        <translation>El servidor no tiene procesos de trabajo.</translation>
    </message>
    <message>
        <source>The server uses another folder for transfers than this computer.</source>
        <translation>El servidor usa una carpeta de transferencia distinta de la de este equipo.</translation>
    </message>
    <message>
        <source>The server&apos;s Redis forgets what it is sent.</source>
        <translation>El Redis del servidor olvida lo que se le envía.</translation>
    </message>
    <message>
        <source>The server&apos;s address does not begin with rediss:// or redis:// and a name.</source>
        <translation>La dirección del servidor no empieza con rediss:// o redis:// y un nombre.</translation>
    </message>
    <message>
        <source>The settings do not say where the server is: its address, the key file and the folder for transfers.</source>
        <translation>La configuración no dice dónde está el servidor: su dirección, el archivo de clave y la carpeta de transferencia.</translation>
    </message>
    <message>
        <source>The settings name another server: {server}.</source>
        <translation>La configuración nombra otro servidor: {server}.</translation>
    </message>
    <message>
        <source>The worker on {host} no longer responds.</source>
        <translation>El proceso de trabajo en {host} ya no responde.</translation>
    </message>
    <message>
        <source>There is a file of that name already; it is kept.</source>
        <translation>Ya existe un archivo con ese nombre; se conserva.</translation>
    </message>
    <message>
        <source>This is a test of the alerts.</source>
        <translation>Esta es una prueba de las alertas.</translation>
    </message>
    <message>
        <source>Waiting recordings: {number}, more than {limit} for {minutes} minutes.</source>
        <translation>Grabaciones en espera: {number}, más de {limit} durante {minutes} minutos.</translation>
    </message>
    <message>
        <source>What came over the folder for transfers makes no sense.</source>
        <translation>Lo que llegó por la carpeta de transferencia no tiene sentido.</translation>
    </message>
    <message>
        <source>What is needed for a server is not installed: pip install fi-desktop[cluster].</source>
        <translation>No está instalado lo que se necesita para usar un servidor: pip install fi-desktop[cluster].</translation>
    </message>
    <message>
        <source>What the server needs is not in the folder for transfers.</source>
        <translation>Lo que el servidor necesita no está en la carpeta de transferencia.</translation>
    </message>
    <message>
        <source>Workers replaced within an hour: {number} (limit: {limit}).</source>
        <translation>Procesos reemplazados en una hora: {number} (límite: {limit}).</translation>
    </message>
    <message>
        <source>{length:length} of speech was not understood and has no words. Listen to these passages.</source>
        <translation>{length:length} de habla no se entendieron y no tienen palabras. Escuche esos pasajes.</translation>
    </message>
    <message>
        <source>{reason} Recordings are processed on this computer meanwhile.</source>
        <translation>{reason} Mientras tanto, las grabaciones se procesan en este equipo.</translation>
    </message>
    <message>
        <source>{reason} Recordings wait until it can be used.</source>
        <translation>{reason} Las grabaciones esperan hasta que se pueda usar.</translation>
    </message>
    <message>
        <source>{used} audio tracks were used.</source>
        <translation>Se usaron {used} pistas de audio.</translation>
    </message>
    <message>
        <source>{used} of {tracks} audio tracks were used. The others are silent, identical, or in another language.</source>
        <translation>Se usaron {used} de {tracks} pistas de audio. Las demás no tienen sonido, repiten lo mismo o están en otro idioma.</translation>
    </message>
    <message>
        <source>The voices are hard to tell apart, or there is only one. Please check.</source>
        <translation>Las voces son difíciles de distinguir, o solo hay una. Conviene revisar.</translation>
    </message>
    <message>
        <source>{length:length} of sound as loud as the voices was not recognized as speech. Please check.</source>
        <translation>{length:length} de sonido tan fuerte como las voces no se reconocieron como habla. Conviene revisar.</translation>
    </message>
    <message>
        <source>The vocabulary is too long. Its last {number} words were not used.</source>
        <translation>El vocabulario es demasiado largo: no se usaron sus últimas {number} palabras.</translation>
    </message>
    <message>
        <source>The language was hard to detect. If it is wrong, choose it and try again.</source>
        <translation>Fue difícil detectar el idioma. Si no es correcto, elíjalo e inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>The queue&apos;s file was damaged. It was set aside as {folder}, and {number} jobs were restored.</source>
        <translation>El archivo de la cola estaba dañado. Se apartó como {folder}; trabajos recuperados: {number}.</translation>
    </message>
    <message>
        <source>Worker processes cannot be started. Recordings are processed one at a time inside the program.</source>
        <translation>No se pueden iniciar procesos de trabajo. Las grabaciones se procesan de una en una dentro del programa.</translation>
    </message>
    <message>
        <source>The queue stopped because of a bug in the program. Nothing is lost: start fi-desktop again.</source>
        <translation>La cola se detuvo por un error del programa. No se perdió nada: abra fi-desktop de nuevo.</translation>
    </message>
    <message>
        <source>it is too long</source>
        <translation>es demasiado largo</translation>
    </message>
    <message>
        <source>it is not YAML</source>
        <translation>no es YAML</translation>
    </message>
    <message>
        <source>it does not describe a pipeline</source>
        <translation>no describe ninguna canalización</translation>
    </message>
    <message>
        <source>it requires more than a speaker diarization pipeline</source>
        <translation>pide más que una canalización de diarización</translation>
    </message>
    <message>
        <source>it lists too many files</source>
        <translation>nombra demasiados archivos</translation>
    </message>
    <message>
        <source>one of its files has no valid size or SHA-256</source>
        <translation>uno de sus archivos no tiene un tamaño o un SHA-256 válidos</translation>
    </message>
    <message>
        <source>it contains control characters</source>
        <translation>contiene caracteres de control</translation>
    </message>
    <message>
        <source>its name is {name}, but its folder has another name</source>
        <translation>se llama {name}, pero su carpeta tiene otro nombre</translation>
    </message>
    <message>
        <source>{file} has {number} bytes instead of {wanted}</source>
        <translation>{file} tiene {number} bytes en lugar de {wanted}</translation>
    </message>
    <message>
        <source>JSON (everything)</source>
        <translation>JSON (todo)</translation>
    </message>
    <message>
        <source>RTTM (speaker turns)</source>
        <translation>RTTM (intervenciones)</translation>
    </message>
    <message>
        <source>SRT (subtitles)</source>
        <translation>SRT (subtítulos)</translation>
    </message>
    <message>
        <source>Text (to read)</source>
        <translation>Texto (para leer)</translation>
    </message>
    <message>
        <source>WebVTT (subtitles for browsers)</source>
        <translation>WebVTT (subtítulos para navegadores)</translation>
    </message>
    <message>
        <source>The engine {name} is not part of this installation. Install fi-desktop[{name}].</source>
        <translation>El motor {name} no forma parte de esta instalación. Instale fi-desktop[{name}].</translation>
    </message>
    <message>
        <source>Setting {name} is set by the environment or the command line.</source>
        <translation>El entorno o la línea de comandos define la opción {name}.</translation>
    </message>
    <message>
        <source>Setting {name}: {value} is not one of {choices}.</source>
        <translation>Opción {name}: {value} no es ninguno de estos valores: {choices}.</translation>
    </message>
    <message>
        <source>Setting {name}: {value} is not valid.</source>
        <translation>Opción {name}: {value} no es válido.</translation>
    </message>
    <message>
        <source>The hard time limit must not be shorter than the time limit.</source>
        <translation>El límite de tiempo estricto no puede ser menor que el límite de tiempo.</translation>
    </message>
    <message>
        <source>Another version of fi-desktop is running. Close it first.</source>
        <translation>Se está ejecutando otra versión de fi-desktop. Ciérrela primero.</translation>
    </message>
    <message>
        <source>Another program is using the queue&apos;s file.</source>
        <translation>Otro programa está usando el archivo de la cola.</translation>
    </message>
    <message>
        <source>The queue&apos;s file is damaged.</source>
        <translation>El archivo de la cola está dañado.</translation>
    </message>
    <message>
        <source>fi-desktop is closing.</source>
        <translation>fi-desktop se está cerrando.</translation>
    </message>
    <message>
        <source>Nobody speaks in this recording.</source>
        <translation>Nadie habla en esta grabación.</translation>
    </message>
    <message>
        <source>The built-in voice model is missing from this installation.</source>
        <translation>Falta el modelo de voz integrado en esta instalación.</translation>
    </message>
    <message>
        <source>The model pack {name} is not installed, or does not transcribe.</source>
        <translation>El paquete de modelo {name} no está instalado, o no transcribe.</translation>
    </message>
    <message>
        <source>Cancelled.</source>
        <translation>Cancelado.</translation>
    </message>
    <message>
        <source>Timeout ({minutes} min)</source>
        <translation>Tiempo agotado ({minutes} min)</translation>
    </message>
    <message>
        <source>There is no job {job}.</source>
        <translation>No existe el trabajo {job}.</translation>
    </message>
    <message>
        <source>The model pack&apos;s config.yaml cannot be used: {reason}.</source>
        <translation>No se puede usar el config.yaml del paquete de modelo: {reason}.</translation>
    </message>
    <message>
        <source>The model pack&apos;s manifest cannot be used: {reason}.</source>
        <translation>No se puede usar el manifiesto del paquete de modelo: {reason}.</translation>
    </message>
    <message>
        <source>The model pack {name} is not installed.</source>
        <translation>El paquete de modelo {name} no está instalado.</translation>
    </message>
    <message>
        <source>settings.toml cannot be read: {error}.</source>
        <translation>No se puede leer settings.toml: {error}.</translation>
    </message>
    <message>
        <source>The folder {folder} cannot be read ({reason}).</source>
        <translation>No se puede leer la carpeta {folder} ({reason}).</translation>
    </message>
    <message>
        <source>The list of watched folders cannot be read ({reason}).</source>
        <translation>No se puede leer la lista de carpetas vigiladas ({reason}).</translation>
    </message>
    <message>
        <source>The words are missing: {reason}</source>
        <translation>Falta la transcripción: {reason}</translation>
    </message>
    <message>
        <source>The speakers are missing: {reason}</source>
        <translation>Faltan los hablantes: {reason}</translation>
    </message>
    <message>
        <source>it stopped</source>
        <translation>se detuvo</translation>
    </message>
    <message>
        <source>signal {number}</source>
        <translation>señal {number}</translation>
    </message>
    <message>
        <source>exit code {number}</source>
        <translation>código de salida {number}</translation>
    </message>
    <message>
        <source>it was written by a newer fi-desktop</source>
        <translation>procede de una versión más reciente de fi-desktop</translation>
    </message>
    <message>
        <source>{file} is missing</source>
        <translation>falta {file}</translation>
    </message>
    <message>
        <source>{file} are missing</source>
        <translation>faltan {file}</translation>
    </message>
</context>
<context>
    <name>ModelLabels</name>
    <message>
        <source>The fewest mistakes. Slow without a graphics card.</source>
        <translation>El que menos errores comete. Lento sin tarjeta gráfica.</translation>
    </message>
    <message>
        <source>Fast, with more mistakes.</source>
        <translation>Rápido, con más errores.</translation>
    </message>
    <message>
        <source>about {size}</source>
        <translation>unos {size}</translation>
    </message>
    <message>
        <source>Identify speakers</source>
        <translation>Identificar a los hablantes</translation>
    </message>
    <message>
        <source>Transcribe speech</source>
        <translation>Transcribir lo que se dice</translation>
    </message>
    <message>
        <source>An alternative to the built-in engine, for comparison.</source>
        <translation>Una alternativa al motor integrado, para comparar.</translation>
    </message>
    <message>
        <source>The previous generation, for results comparable with older ones.</source>
        <translation>La generación anterior, para obtener resultados comparables con los antiguos.</translation>
    </message>
    <message>
        <source>Nearly as accurate as Large v3, and several times faster.</source>
        <translation>Casi tan preciso como Large v3 y varias veces más rápido.</translation>
    </message>
    <message>
        <source>Accurate, but takes time without a graphics card.</source>
        <translation>Preciso, pero tarda si no hay tarjeta gráfica.</translation>
    </message>
    <message>
        <source>A good balance on a laptop.</source>
        <translation>Un buen equilibrio en una laptop.</translation>
    </message>
    <message>
        <source>The fastest, for trying things out.</source>
        <translation>El más rápido, para hacer pruebas.</translation>
    </message>
    <message>
        <source>Imported from a file.</source>
        <translation>Importado desde un archivo.</translation>
    </message>
    <message>
        <source>unknown licence</source>
        <translation>licencia desconocida</translation>
    </message>
    <message>
        <source> and </source>
        <translation> y </translation>
    </message>
    <message>
        <source>any language</source>
        <translation>cualquier idioma</translation>
    </message>
    <message>
        <source>{done} of {total}</source>
        <translation>{done} de {total}</translation>
    </message>
    <message>
        <source>{size}/s</source>
        <translation>{size}/s</translation>
    </message>
    <message>
        <source>less than a minute left</source>
        <translation>falta menos de un minuto</translation>
    </message>
    <message>
        <source>{minutes} min left</source>
        <translation>faltan {minutes} min</translation>
    </message>
    <message>
        <source>{hours} h left</source>
        <translation>faltan {hours} h</translation>
    </message>
</context>
<context>
    <name>ModelPrompts</name>
    <message>
        <source>Repair {title}?</source>
        <translation>¿Reparar {title}?</translation>
    </message>
    <message>
        <source>Download {title}?</source>
        <translation>¿Descargar {title}?</translation>
    </message>
    <message>
        <source>At most {size}</source>
        <translation>Como máximo {size}</translation>
    </message>
    <message>
        <source>About {size}</source>
        <translation>Unos {size}</translation>
    </message>
    <message>
        <source>{size} will be downloaded from {host} ({repos}). Your recordings are never sent anywhere: the model runs on this computer.</source>
        <translation>{size} se descargarán de {host} ({repos}). Sus grabaciones nunca se envían a ningún lado: el modelo funciona en esta computadora.</translation>
    </message>
    <message>
        <source>Do you trust the source of this model?</source>
        <translation>¿Confía en el origen de este modelo?</translation>
    </message>
    <message>
        <source>Replace the installed model?</source>
        <translation>¿Reemplazar el modelo instalado?</translation>
    </message>
    <message>
        <source>Its files are deleted. Results made with it are kept.</source>
        <translation>Se eliminan sus archivos. Los resultados obtenidos con él se conservan.</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Descargar</translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>Ahora no</translation>
    </message>
    <message>
        <source>I trust it: import</source>
        <translation>Confío: importar</translation>
    </message>
    <message>
        <source>Do not import</source>
        <translation>No importar</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Reemplazar</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Conservar</translation>
    </message>
    <message>
        <source>Remove {title}?</source>
        <translation>¿Eliminar {title}?</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Eliminar</translation>
    </message>
    <message>
        <source>Import a model</source>
        <translation>Importar un modelo</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Todos los archivos (*)</translation>
    </message>
    <message>
        <source>Model files (*.zip)</source>
        <translation>Archivos de modelo (*.zip)</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelos</translation>
    </message>
</context>
<context>
    <name>ModelRow</name>
    <message>
        <source>Included</source>
        <translation>Incluido</translation>
    </message>
    <message>
        <source>Connecting…</source>
        <translation>Conectando…</translation>
    </message>
    <message>
        <source>Checking</source>
        <translation>Verificando</translation>
    </message>
    <message>
        <source>Recommended for this computer</source>
        <translation>Recomendado para esta computadora</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>Verificar</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>Deteniendo…</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>Descargando</translation>
    </message>
    <message>
        <source>Cannot be used</source>
        <translation>No se puede usar</translation>
    </message>
    <message>
        <source>Installed</source>
        <translation>Instalado</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>En pausa</translation>
    </message>
    <message>
        <source>Needs a free account</source>
        <translation>Requiere una cuenta gratuita</translation>
    </message>
    <message>
        <source>Not installed</source>
        <translation>No instalado</translation>
    </message>
    <message>
        <source>Repair</source>
        <translation>Reparar</translation>
    </message>
    <message>
        <source>Install…</source>
        <translation>Instalar…</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Continuar</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pausar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Remove…</source>
        <translation>Eliminar…</translation>
    </message>
    <message>
        <source>Progress: {title}</source>
        <translation>Progreso: {title}</translation>
    </message>
</context>
<context>
    <name>ModelsDialog</name>
    <message>
        <source>Import from a file</source>
        <translation>Importar desde un archivo</translation>
    </message>
    <message>
        <source>ZIP file…</source>
        <translation>Archivo ZIP…</translation>
    </message>
    <message>
        <source>This computer has no unlocked keyring: the token is used once and not saved.</source>
        <translation>Esta computadora no tiene un llavero desbloqueado: el token se usa una sola vez y no se guarda.</translation>
    </message>
    <message>
        <source>{title} is installed. New recordings use it.</source>
        <translation>{title} está instalado. Las grabaciones nuevas lo usarán.</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Reintentar</translation>
    </message>
    <message>
        <source>{title} is intact.</source>
        <translation>{title} está en buen estado.</translation>
    </message>
    <message>
        <source>The model is installed. New recordings use it.</source>
        <translation>El modelo está instalado. Las grabaciones nuevas lo usarán.</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelos</translation>
    </message>
    <message>
        <source>Models let fi-desktop transcribe what is said, or identify speakers in another way. Everything runs on this computer.</source>
        <translation>Con los modelos, fi-desktop transcribe lo que se dice o identifica a los hablantes de otra manera. Todo se procesa en esta computadora.</translation>
    </message>
    <message>
        <source>Folder…</source>
        <translation>Carpeta…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Cerrar</translation>
    </message>
    <message>
        <source>{size} free on this disk</source>
        <translation>{size} libres en este disco</translation>
    </message>
    <message>
        <source>Repair</source>
        <translation>Reparar</translation>
    </message>
</context>
<context>
    <name>ModelsList</name>
    <message>
        <source>Models</source>
        <translation>Modelos</translation>
    </message>
</context>
<context>
    <name>MonitorLabels</name>
    <message>
        <source>Not running</source>
        <translation>Detenido</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Iniciando</translation>
    </message>
    <message>
        <source>Idle</source>
        <translation>Libre</translation>
    </message>
    <message>
        <source>Not reachable</source>
        <translation>Sin acceso</translation>
    </message>
    <message>
        <source>Working</source>
        <translation>Trabajando</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>Deteniéndose</translation>
    </message>
    <message>
        <source>1 hour</source>
        <translation>1 hora</translation>
    </message>
    <message>
        <source>24 hours</source>
        <translation>24 horas</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Todo</translation>
    </message>
    <message>
        <source>Recordings waiting</source>
        <translation>Grabaciones en espera</translation>
    </message>
    <message>
        <source>Share of failures</source>
        <translation>Porcentaje de errores</translation>
    </message>
    <message>
        <source>Free disk space</source>
        <translation>Espacio libre en disco</translation>
    </message>
    <message>
        <source>Workers replaced</source>
        <translation>Procesos reemplazados</translation>
    </message>
    <message>
        <source>Share of recordings completed rather than failed</source>
        <translation>Porcentaje de grabaciones completadas, no fallidas</translation>
    </message>
    <message>
        <source>Share of attempts that were retries</source>
        <translation>Porcentaje de intentos que fueron reintentos</translation>
    </message>
    <message>
        <source>Recordings waiting at once, 99% of the time</source>
        <translation>Grabaciones en espera a la vez, el 99 % del tiempo</translation>
    </message>
    <message>
        <source>Worker availability since the program started</source>
        <translation>Disponibilidad de los procesos desde que se inició el programa</translation>
    </message>
    <message>
        <source>Longest attempt</source>
        <translation>Intento más largo</translation>
    </message>
    <message>
        <source>Nothing to measure yet</source>
        <translation>Aún no hay nada que medir</translation>
    </message>
    <message>
        <source>Met</source>
        <translation>Cumplido</translation>
    </message>
    <message>
        <source>Missed</source>
        <translation>No cumplido</translation>
    </message>
</context>
<context>
    <name>MonitorWindow</name>
    <message>
        <source>Now</source>
        <translation>Ahora</translation>
    </message>
    <message>
        <source>Failures</source>
        <translation>Errores</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Historial</translation>
    </message>
    <message>
        <source>Machines</source>
        <translation>Equipos</translation>
    </message>
    <message>
        <source>Audit</source>
        <translation>Auditoría</translation>
    </message>
    <message>
        <source>Export as CSV…</source>
        <translation>Exportar como CSV…</translation>
    </message>
    <message>
        <source>Export as CSV</source>
        <translation>Exportar como CSV</translation>
    </message>
    <message>
        <source>Writes what this page shows as a table, without file names</source>
        <translation>Escribe lo que muestra esta página como tabla, sin nombres de archivo</translation>
    </message>
    <message numerus="yes">
        <source>%Ln alert(s)</source>
        <translation>
            <numerusform>%Ln alerta</numerusform>
            <numerusform>%Ln alertas</numerusform>
        </translation>
    </message>
    <message>
        <source>Alerts…</source>
        <translation>Alertas…</translation>
    </message>
    <message>
        <source>Choose what you are alerted to, and how</source>
        <translation>Elija de qué se le avisa y cómo</translation>
    </message>
    <message numerus="yes">
        <source>%Ln waiting recording(s) removed.</source>
        <translation>
            <numerusform>Se quitó %Ln grabación en espera.</numerusform>
            <numerusform>Se quitaron %Ln grabaciones en espera.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) will be processed again.</source>
        <translation>
            <numerusform>%Ln grabación se procesará de nuevo.</numerusform>
            <numerusform>%Ln grabaciones se procesarán de nuevo.</numerusform>
        </translation>
    </message>
    <message>
        <source>Saved as {file}.</source>
        <translation>Se guardó como {file}.</translation>
    </message>
    <message>
        <source>Monitor</source>
        <translation>Monitor</translation>
    </message>
    <message>
        <source>Page</source>
        <translation>Página</translation>
    </message>
    <message numerus="yes">
        <source>Reading the list: %Ln job(s)</source>
        <translation>
            <numerusform>Leyendo la lista: %Ln trabajo</numerusform>
            <numerusform>Leyendo la lista: %Ln trabajos</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NameDialog</name>
    <message>
        <source>Saves speakers, language, engine, vocabulary, numbers and priority.</source>
        <translation>Guarda hablantes, idioma, motor, vocabulario, números y prioridad.</translation>
    </message>
    <message>
        <source>Profile &amp;name:</source>
        <translation>&amp;Nombre del perfil:</translation>
    </message>
    <message>
        <source>Profile name</source>
        <translation>Nombre del perfil</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Guardar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>This is the name of a built-in profile.</source>
        <translation>Un perfil incluido ya tiene este nombre.</translation>
    </message>
    <message>
        <source>The profile of this name will be replaced.</source>
        <translation>Se reemplazará el perfil con este nombre.</translation>
    </message>
</context>
<context>
    <name>NewRecoveryKeyDialog</name>
    <message>
        <source>New recovery key</source>
        <translation>Nueva llave de recuperación</translation>
    </message>
    <message>
        <source>This key is shown only now</source>
        <translation>Esta llave solo se muestra ahora</translation>
    </message>
    <message>
        <source>With this key and this computer, anybody can read all results. Keep it in a safe place that is not on this computer: on paper, or on a stick.</source>
        <translation>Con esta llave y esta computadora, cualquiera puede leer todos los resultados. Guárdela en un lugar seguro que no sea esta computadora: en papel o en una memoria USB.</translation>
    </message>
    <message>
        <source>Recovery key</source>
        <translation>Llave de recuperación</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Copiar</translation>
    </message>
    <message>
        <source>Save to a file…</source>
        <translation>Guardar en un archivo…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>I have kept it</source>
        <translation>Ya la guardé</translation>
    </message>
    <message>
        <source>Copied. It is removed from the clipboard when the program is locked.</source>
        <translation>Copiada. Se quita del portapapeles cuando se bloquea el programa.</translation>
    </message>
    <message>
        <source>Save the recovery key</source>
        <translation>Guardar la llave de recuperación</translation>
    </message>
    <message>
        <source>Saved to {path}.</source>
        <translation>Se guardó en {path}.</translation>
    </message>
</context>
<context>
    <name>NoTranscriptLabels</name>
    <message>
        <source>Words can be added; who spoke when stays as it is.</source>
        <translation>Se pueden agregar las palabras; quién habló y cuándo queda igual.</translation>
    </message>
    <message>
        <source>No words were recognized in this recording.</source>
        <translation>No se reconoció ninguna palabra en esta grabación.</translation>
    </message>
    <message>
        <source>None: failed</source>
        <translation>Ninguno: falló</translation>
    </message>
    <message>
        <source>None: no words recognized</source>
        <translation>Ninguno: no se reconocieron palabras</translation>
    </message>
    <message>
        <source>Transcription was switched off for this recording.</source>
        <translation>La transcripción estaba desactivada para esta grabación.</translation>
    </message>
    <message>
        <source>Transcription failed: {reason}</source>
        <translation>La transcripción falló: {reason}</translation>
    </message>
    <message>
        <source>No transcription model was installed when this recording was processed.</source>
        <translation>No había ningún modelo de transcripción instalado cuando se procesó esta grabación.</translation>
    </message>
    <message>
        <source>This shows who spoke when.</source>
        <translation>Aquí se ve quién habló y cuándo.</translation>
    </message>
    <message>
        <source>None: switched off</source>
        <translation>Ninguno: desactivada</translation>
    </message>
    <message>
        <source>None: no model is installed</source>
        <translation>Ninguno: no hay modelo instalado</translation>
    </message>
</context>
<context>
    <name>NoWordsNote</name>
    <message>
        <source>Add words</source>
        <translation>Agregar palabras</translation>
    </message>
    <message>
        <source>Transcribe what was said; who spoke when stays as it is</source>
        <translation>Transcribir lo que se dijo; quién habló y cuándo queda igual</translation>
    </message>
    <message>
        <source>No transcription</source>
        <translation>Sin transcripción</translation>
    </message>
    <message>
        <source>Choose a model…</source>
        <translation>Elegir modelo…</translation>
    </message>
    <message>
        <source>Process again</source>
        <translation>Procesar de nuevo</translation>
    </message>
</context>
<context>
    <name>NowPage</name>
    <message>
        <source>Pause the queue</source>
        <translation>Pausar la cola</translation>
    </message>
    <message>
        <source>Empty the queue…</source>
        <translation>Vaciar la cola…</translation>
    </message>
    <message>
        <source>Resume the queue</source>
        <translation>Reanudar la cola</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>En espera</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>En proceso</translation>
    </message>
    <message>
        <source>Retries</source>
        <translation>Reintentos</translation>
    </message>
    <message>
        <source>Done in 1 hour</source>
        <translation>Listas en 1 hora</translation>
    </message>
    <message>
        <source>Failed in 1 hour</source>
        <translation>Con error en 1 hora</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Memoria</translation>
    </message>
    <message>
        <source>Free disk</source>
        <translation>Disco libre</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Iniciando…</translation>
    </message>
    <message>
        <source>Paused: no new recordings are started</source>
        <translation>En pausa: no se inician más grabaciones</translation>
    </message>
    <message>
        <source>Queue running</source>
        <translation>Cola en marcha</translation>
    </message>
    <message>
        <source>{used} of {total}</source>
        <translation>{used} de {total}</translation>
    </message>
    <message>
        <source>Of all processor cores</source>
        <translation>De todos los núcleos del procesador</translation>
    </message>
</context>
<context>
    <name>OptionsBar</name>
    <message>
        <source>Vocabulary lists: {names}</source>
        <translation>Listas de vocabulario: {names}</translation>
    </message>
    <message>
        <source>Options for the next recordings</source>
        <translation>Opciones de las próximas grabaciones</translation>
    </message>
    <message>
        <source>Number of speakers in the next recordings</source>
        <translation>Número de hablantes en las próximas grabaciones</translation>
    </message>
    <message>
        <source>How many people speak in the recordings you add next</source>
        <translation>Cuántas personas hablan en las grabaciones que agregue a continuación</translation>
    </message>
    <message>
        <source>More options for the next recordings</source>
        <translation>Más opciones de las próximas grabaciones</translation>
    </message>
    <message>
        <source>No transcript</source>
        <translation>Sin transcripción</translation>
    </message>
    <message>
        <source>Own export</source>
        <translation>Exportación propia</translation>
    </message>
    <message>
        <source>Transcription: {choice}</source>
        <translation>Transcripción: {choice}</translation>
    </message>
    <message>
        <source>Speakers: {choice}</source>
        <translation>Hablantes: {choice}</translation>
    </message>
    <message>
        <source>Priority: {choice}</source>
        <translation>Prioridad: {choice}</translation>
    </message>
    <message>
        <source>Vocabulary: {words}</source>
        <translation>Vocabulario: {words}</translation>
    </message>
    <message>
        <source>Export: as the profile says</source>
        <translation>Exportación: como indica el perfil</translation>
    </message>
    <message>
        <source>More options for the recordings you add next</source>
        <translation>Más opciones de las grabaciones que agregue a continuación</translation>
    </message>
    <message>
        <source>&amp;Speakers</source>
        <translation>&amp;Hablantes</translation>
    </message>
    <message numerus="yes">
        <source>%Ln word(s)</source>
        <translation>
            <numerusform>%Ln palabra</numerusform>
            <numerusform>%Ln palabras</numerusform>
        </translation>
    </message>
    <message>
        <source>Language: {choice}</source>
        <translation>Idioma: {choice}</translation>
    </message>
</context>
<context>
    <name>OptionsForm</name>
    <message>
        <source>&amp;Numbers</source>
        <translation>&amp;Números</translation>
    </message>
    <message>
        <source>How numbers are written</source>
        <translation>Cómo se escriben los números</translation>
    </message>
    <message>
        <source>&amp;Vocabulary…</source>
        <translation>&amp;Vocabulario…</translation>
    </message>
    <message>
        <source>&amp;Vocabulary: {chosen}…</source>
        <translation>&amp;Vocabulario: {chosen}…</translation>
    </message>
    <message>
        <source>Pro&amp;file</source>
        <translation>Per&amp;fil</translation>
    </message>
    <message>
        <source>Profile of these recordings</source>
        <translation>Perfil de estas grabaciones</translation>
    </message>
    <message>
        <source>S&amp;peakers</source>
        <translation>&amp;Hablantes</translation>
    </message>
    <message>
        <source>Number of speakers in these recordings</source>
        <translation>Número de hablantes en estas grabaciones</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Idioma</translation>
    </message>
    <message>
        <source>Language of these recordings</source>
        <translation>Idioma de estas grabaciones</translation>
    </message>
    <message>
        <source>&amp;Transcription</source>
        <translation>&amp;Transcripción</translation>
    </message>
    <message>
        <source>Transcription model</source>
        <translation>Modelo de transcripción</translation>
    </message>
    <message>
        <source>&amp;Identify speakers</source>
        <translation>&amp;Identificar hablantes</translation>
    </message>
    <message>
        <source>Engine that identifies speakers</source>
        <translation>Motor que identifica a los hablantes</translation>
    </message>
    <message>
        <source>P&amp;riority</source>
        <translation>P&amp;rioridad</translation>
    </message>
    <message>
        <source>Priority of these recordings</source>
        <translation>Prioridad de estas grabaciones</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Ninguno</translation>
    </message>
    <message>
        <source>Languages in these recordings:</source>
        <translation>Idiomas de estas grabaciones:</translation>
    </message>
</context>
<context>
    <name>OptionsMenu</name>
    <message>
        <source>&amp;Numbers</source>
        <translation>&amp;Números</translation>
    </message>
    <message>
        <source>&amp;Profile</source>
        <translation>&amp;Perfil</translation>
    </message>
    <message>
        <source>Transcription model</source>
        <translation>Modelo de transcripción</translation>
    </message>
    <message>
        <source>&amp;Several languages…</source>
        <translation>&amp;Varios idiomas…</translation>
    </message>
    <message>
        <source>Identify speakers with</source>
        <translation>Identificar hablantes con</translation>
    </message>
    <message>
        <source>P&amp;riority</source>
        <translation>P&amp;rioridad</translation>
    </message>
    <message>
        <source>&amp;Vocabulary…</source>
        <translation>&amp;Vocabulario…</translation>
    </message>
    <message>
        <source>E&amp;xport as the profile says</source>
        <translation>E&amp;xportar como indica el perfil</translation>
    </message>
    <message>
        <source>Languages in the recordings you add next:</source>
        <translation>Idiomas de las grabaciones que agregue a continuación:</translation>
    </message>
    <message>
        <source>Language of the recordings</source>
        <translation>Idioma de las grabaciones</translation>
    </message>
    <message>
        <source>Other languages</source>
        <translation>Otros idiomas</translation>
    </message>
</context>
<context>
    <name>OwnExportLabels</name>
    <message>
        <source>in a subfolder “{name}”</source>
        <translation>en una subcarpeta “{name}”</translation>
    </message>
    <message>
        <source>next to the recordings</source>
        <translation>junto a las grabaciones</translation>
    </message>
</context>
<context>
    <name>OwnExportsDialog</name>
    <message>
        <source>Transcripts</source>
        <translation>Transcripciones</translation>
    </message>
    <message>
        <source>Automatic export</source>
        <translation>Exportación automática</translation>
    </message>
    <message>
        <source>Next to the recordings</source>
        <translation>Junto a las grabaciones</translation>
    </message>
    <message>
        <source>Subfolder “{name}”</source>
        <translation>Subcarpeta “{name}”</translation>
    </message>
    <message>
        <source>In another folder</source>
        <translation>En otra carpeta</translation>
    </message>
    <message>
        <source>Folder for results</source>
        <translation>Carpeta de resultados</translation>
    </message>
    <message>
        <source>&amp;Place</source>
        <translation>&amp;Lugar</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Guardar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Choose the folder for the results.</source>
        <translation>Elija la carpeta para los resultados.</translation>
    </message>
    <message>
        <source>Choose at least one format.</source>
        <translation>Elija al menos un formato.</translation>
    </message>
    <message>
        <source>Applies to results that are finished from now on, and to those that wait for a folder.</source>
        <translation>Se aplica a los resultados que terminen a partir de ahora y a los que esperan una carpeta.</translation>
    </message>
</context>
<context>
    <name>PatternField</name>
    <message>
        <source>only dates of recorders</source>
        <translation>solo fechas de grabadoras</translation>
    </message>
    <message>
        <source>Example</source>
        <translation>Ejemplo</translation>
    </message>
    <message>
        <source>case {case}</source>
        <translation>caso {case}</translation>
    </message>
</context>
<context>
    <name>PinDialog</name>
    <message>
        <source>Repeat the new PIN</source>
        <translation>Repita el PIN nuevo</translation>
    </message>
    <message>
        <source>Set PIN</source>
        <translation>Definir PIN</translation>
    </message>
    <message>
        <source>Remove PIN</source>
        <translation>Quitar PIN</translation>
    </message>
    <message>
        <source>The PIN must have at least {number} characters.</source>
        <translation>El PIN debe tener al menos {number} caracteres.</translation>
    </message>
    <message>
        <source>The PINs do not match.</source>
        <translation>Los PIN no coinciden.</translation>
    </message>
    <message>
        <source>Current PIN is incorrect. Wait a moment before you try again.</source>
        <translation>El PIN actual es incorrecto. Espere un momento antes de intentar de nuevo.</translation>
    </message>
    <message>
        <source>Current PIN is incorrect.</source>
        <translation>El PIN actual es incorrecto.</translation>
    </message>
    <message>
        <source>PIN</source>
        <translation>PIN</translation>
    </message>
    <message>
        <source>With a PIN, you can lock the window with File › Lock, or have it lock when idle. The PIN does not encrypt anything; see Settings › Privacy › Encryption for that.</source>
        <translation>Con un PIN puede bloquear la ventana con Archivo › Bloquear, o hacer que se bloquee por inactividad. El PIN no cifra nada; para eso, vea Configuración › Privacidad › Cifrado.</translation>
    </message>
    <message>
        <source>Current PIN</source>
        <translation>PIN actual</translation>
    </message>
    <message>
        <source>New PIN</source>
        <translation>PIN nuevo</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
</context>
<context>
    <name>PlayerBar</name>
    <message>
        <source>Find it…</source>
        <translation>Buscarla…</translation>
    </message>
    <message>
        <source>Find the recording</source>
        <translation>Buscar la grabación</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Reproducir</translation>
    </message>
    <message>
        <source>5 seconds back</source>
        <translation>5 segundos atrás</translation>
    </message>
    <message>
        <source>5 seconds forward</source>
        <translation>5 segundos adelante</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>Velocidad</translation>
    </message>
    <message>
        <source>Repeat this turn</source>
        <translation>Repetir esta intervención</translation>
    </message>
    <message>
        <source>Follow the sound</source>
        <translation>Seguir la voz</translation>
    </message>
    <message>
        <source>Reading the recording…</source>
        <translation>Leyendo la grabación…</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pausa</translation>
    </message>
</context>
<context>
    <name>PreferencesDialog</name>
    <message>
        <source>Templates</source>
        <translation>Plantillas</translation>
    </message>
    <message>
        <source>Small files that say how exported documents look. Change them, or add your own.</source>
        <translation>Archivos pequeños que dicen cómo se ven los documentos exportados. Puede cambiarlos o agregar los suyos.</translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>Abrir la carpeta</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Configuración</translation>
    </message>
    <message>
        <source>Search settings</source>
        <translation>Buscar en la configuración</translation>
    </message>
    <message>
        <source>No setting matches your search.</source>
        <translation>Ninguna opción coincide con la búsqueda.</translation>
    </message>
    <message>
        <source>Data folder</source>
        <translation>Carpeta de datos</translation>
    </message>
    <message>
        <source>Contains the queue, the results and the models.</source>
        <translation>Contiene la cola, los resultados y los modelos.</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Mostrar en la carpeta</translation>
    </message>
    <message>
        <source>Watched folders</source>
        <translation>Carpetas vigiladas</translation>
    </message>
    <message>
        <source>New recordings in these folders are added automatically.</source>
        <translation>Las grabaciones nuevas de estas carpetas se agregan automáticamente.</translation>
    </message>
    <message>
        <source>Watched folders…</source>
        <translation>Carpetas vigiladas…</translation>
    </message>
    <message>
        <source>Models on this computer</source>
        <translation>Modelos en esta computadora</translation>
    </message>
    <message>
        <source>Models identify speakers and transcribe speech, on this computer.</source>
        <translation>Los modelos identifican a los hablantes y transcriben lo que se dice, en esta computadora.</translation>
    </message>
    <message>
        <source>Models…</source>
        <translation>Modelos…</translation>
    </message>
    <message>
        <source>PIN</source>
        <translation>PIN</translation>
    </message>
    <message>
        <source>Unlocks the window.</source>
        <translation>Desbloquea la ventana.</translation>
    </message>
    <message>
        <source>Set or change…</source>
        <translation>Definir o cambiar…</translation>
    </message>
    <message>
        <source>Test</source>
        <translation>Prueba</translation>
    </message>
    <message>
        <source>Sends a test by e-mail, to the web address and to the command above, as far as they are set.</source>
        <translation>Envía una prueba por correo, a la dirección web y al comando de arriba, según lo que esté configurado.</translation>
    </message>
    <message>
        <source>Send a test</source>
        <translation>Enviar una prueba</translation>
    </message>
    <message>
        <source>Encryption</source>
        <translation>Cifrado</translation>
    </message>
    <message>
        <source>Encryption…</source>
        <translation>Cifrado…</translation>
    </message>
    <message>
        <source>Not needed: the passphrase unlocks the window.</source>
        <translation>No hace falta: la ventana se desbloquea con la frase de contraseña.</translation>
    </message>
    <message>
        <source>E-mail</source>
        <translation>Correo</translation>
    </message>
    <message>
        <source>Web address</source>
        <translation>Dirección web</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Comando</translation>
    </message>
    <message>
        <source>The test was not sent. {reasons}</source>
        <translation>La prueba no se envió. {reasons}</translation>
    </message>
    <message>
        <source>The test was sent: {places}.</source>
        <translation>La prueba se envió: {places}.</translation>
    </message>
    <message>
        <source>No place is set to which alerts are sent.</source>
        <translation>No hay ningún destino configurado para las alertas.</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>Páginas</translation>
    </message>
    <message>
        <source>OK</source>
        <translation>Aceptar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
</context>
<context>
    <name>PrintController</name>
    <message>
        <source>Print</source>
        <translation>Imprimir</translation>
    </message>
    <message>
        <source>The printer did not take the pages. Choose another one.</source>
        <translation>La impresora no aceptó las páginas. Elija otra.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s) given to the printer.</source>
        <translation>
            <numerusform>%Ln resultado se entregó a la impresora.</numerusform>
            <numerusform>%Ln resultados se entregaron a la impresora.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln result(s) cannot be read; retry to make them again.</source>
        <translation>
            <numerusform>No se puede leer %Ln resultado. Reintente la grabación para obtenerlo de nuevo.</numerusform>
            <numerusform>No se pueden leer %Ln resultados. Reintente las grabaciones para obtenerlos de nuevo.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ProfileController</name>
    <message>
        <source>Consultation, 2 people</source>
        <translation>Consulta, 2 personas</translation>
    </message>
    <message>
        <source>Consultation, 2 people, Spanish</source>
        <translation>Consulta, 2 personas, español</translation>
    </message>
    <message>
        <source>Consultation, 2 people, Spanish and English</source>
        <translation>Consulta, 2 personas, español e inglés</translation>
    </message>
    <message>
        <source>Family or team, 3–6 people</source>
        <translation>Familia o equipo, 3–6 personas</translation>
    </message>
    <message>
        <source>Dictation, 1 person</source>
        <translation>Dictado, 1 persona</translation>
    </message>
    <message>
        <source>Phone call, 1 person per channel</source>
        <translation>Llamada, 1 persona por canal</translation>
    </message>
    <message>
        <source>&amp;Save as profile…</source>
        <translation>&amp;Guardar como perfil…</translation>
    </message>
    <message>
        <source>&amp;Edit profiles…</source>
        <translation>&amp;Editar perfiles…</translation>
    </message>
    <message>
        <source>Save as profile</source>
        <translation>Guardar como perfil</translation>
    </message>
</context>
<context>
    <name>ProfilesDialog</name>
    <message>
        <source>Edit profiles</source>
        <translation>Editar perfiles</translation>
    </message>
    <message>
        <source>Your profiles</source>
        <translation>Sus perfiles</translation>
    </message>
    <message>
        <source>&amp;Rename</source>
        <translation>Cambiar &amp;nombre</translation>
    </message>
    <message>
        <source>E&amp;xport…</source>
        <translation>E&amp;xportar…</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Eliminar</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Deshacer</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Listo</translation>
    </message>
    <message>
        <source>as in the settings</source>
        <translation>como en la configuración</translation>
    </message>
    <message>
        <source>Export: {choice}</source>
        <translation>Exportación: {choice}</translation>
    </message>
    <message>
        <source>As in the settings</source>
        <translation>Como en la configuración</translation>
    </message>
</context>
<context>
    <name>PurgePrompt</name>
    <message numerus="yes">
        <source>%Ln recording(s) waiting for a worker or a retry will be removed.</source>
        <translation>
            <numerusform>Se quitará %Ln grabación que espera un proceso o un reintento.</numerusform>
            <numerusform>Se quitarán %Ln grabaciones que esperan un proceso o un reintento.</numerusform>
        </translation>
    </message>
    <message>
        <source>Running recordings continue, and no audio files are deleted.</source>
        <translation>Las grabaciones en proceso continúan y no se elimina ningún archivo de audio.</translation>
    </message>
    <message>
        <source>Empty the queue…</source>
        <translation>Vaciar la cola…</translation>
    </message>
    <message>
        <source>Empty the queue?</source>
        <translation>¿Vaciar la cola?</translation>
    </message>
    <message numerus="yes">
        <source>Remove %Ln waiting recording(s)?</source>
        <translation>
            <numerusform>¿Quitar %Ln grabación en espera?</numerusform>
            <numerusform>¿Quitar %Ln grabaciones en espera?</numerusform>
        </translation>
    </message>
    <message>
        <source>This cannot be undone. To process them later, add them again.</source>
        <translation>Esto no se puede deshacer. Para procesarlas después, agréguelas de nuevo.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Quitar</translation>
    </message>
    <message>
        <source>Empty the queue</source>
        <translation>Vaciar la cola</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Conservar</translation>
    </message>
</context>
<context>
    <name>QAbstractFileIconProvider</name>
    <message>
        <source>Folder</source>
        <translation>Carpeta</translation>
    </message>
</context>
<context>
    <name>QShortcut</name>
    <message>
        <source>Ctrl</source>
        <translation>Ctrl</translation>
    </message>
    <message>
        <source>Shift</source>
        <translation>Mayús</translation>
    </message>
    <message>
        <source>Del</source>
        <translation>Supr</translation>
    </message>
    <message>
        <source>Return</source>
        <translation>Intro</translation>
    </message>
    <message>
        <source>Ins</source>
        <translation>Insert</translation>
    </message>
</context>
<context>
    <name>QueueControls</name>
    <message>
        <source>The queue is paused. No recording will start until you resume it.</source>
        <translation>La cola está en pausa. Ninguna grabación comenzará hasta que la reanude.</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Reanudar</translation>
    </message>
    <message>
        <source>Recordings in progress finish at low priority; the next ones run at full speed.</source>
        <translation>Las grabaciones en curso terminan con prioridad baja; las siguientes usarán toda la velocidad.</translation>
    </message>
</context>
<context>
    <name>QueueNotifier</name>
    <message>
        <source>{recording} failed</source>
        <translation>{recording} falló</translation>
    </message>
    <message>
        <source>{recording} is done</source>
        <translation>{recording} está terminada</translation>
    </message>
    <message numerus="yes">
        <source>%Ln done</source>
        <translation>
            <numerusform>%Ln terminada</numerusform>
            <numerusform>%Ln terminadas</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln failed</source>
        <translation>
            <numerusform>%Ln fallida</numerusform>
            <numerusform>%Ln fallidas</numerusform>
        </translation>
    </message>
    <message>
        <source>Recordings: {figures}</source>
        <translation>Grabaciones: {figures}</translation>
    </message>
    <message>
        <source>Recording {number}</source>
        <translation>La grabación {number}</translation>
    </message>
</context>
<context>
    <name>ReadOnlyTable</name>
    <message>
        <source>Columns</source>
        <translation>Columnas</translation>
    </message>
</context>
<context>
    <name>RecordingFinder</name>
    <message>
        <source>Choose the file…</source>
        <translation>Elegir el archivo…</translation>
    </message>
    <message>
        <source>Search a folder…</source>
        <translation>Buscar en una carpeta…</translation>
    </message>
    <message>
        <source>The recording was moved. It is now here: {path}</source>
        <translation>La grabación se movió. Ahora está aquí: {path}</translation>
    </message>
    <message>
        <source>Use it</source>
        <translation>Usarla</translation>
    </message>
    <message>
        <source>Find the recording</source>
        <translation>Buscar la grabación</translation>
    </message>
    <message>
        <source>Audio and video ({endings})</source>
        <translation>Audio y video ({endings})</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Todos los archivos (*)</translation>
    </message>
    <message>
        <source>Search a folder for the recording</source>
        <translation>Buscar la grabación en una carpeta</translation>
    </message>
    <message>
        <source>Comparing the file with the result…</source>
        <translation>Comparando el archivo con el resultado…</translation>
    </message>
    <message numerus="yes">
        <source>Searching… %Ln file(s) compared</source>
        <translation>
            <numerusform>Buscando… %Ln archivo comparado</numerusform>
            <numerusform>Buscando… %Ln archivos comparados</numerusform>
        </translation>
    </message>
    <message>
        <source>The recording is not in this folder.</source>
        <translation>La grabación no está en esta carpeta.</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>The recording is played from here now: {path}</source>
        <translation>La grabación se reproduce ahora desde aquí: {path}</translation>
    </message>
</context>
<context>
    <name>RecordingPicker</name>
    <message>
        <source>Add recordings</source>
        <translation>Agregar grabaciones</translation>
    </message>
    <message>
        <source>Audio and video ({endings})</source>
        <translation>Audio y video ({endings})</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Todos los archivos (*)</translation>
    </message>
    <message>
        <source>Add a folder of recordings</source>
        <translation>Agregar una carpeta de grabaciones</translation>
    </message>
</context>
<context>
    <name>RecoveryKeys</name>
    <message>
        <source>A recovery key opens the results if the keyring is lost or the passphrase is forgotten. Keep it away from this computer.</source>
        <translation>Una llave de recuperación abre los resultados si se pierde el llavero o se olvida la frase de contraseña. Guárdela lejos de esta computadora.</translation>
    </message>
    <message>
        <source>Recovery keys</source>
        <translation>Llaves de recuperación</translation>
    </message>
    <message>
        <source>New recovery key…</source>
        <translation>Nueva llave de recuperación…</translation>
    </message>
    <message>
        <source>Add a public key…</source>
        <translation>Agregar una llave pública…</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Quitar</translation>
    </message>
    <message>
        <source>Add a public key</source>
        <translation>Agregar una llave pública</translation>
    </message>
    <message>
        <source>Public key of age, which begins with age1:</source>
        <translation>Llave pública de age, que empieza con age1:</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Agregar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
</context>
<context>
    <name>RejectedRecordings</name>
    <message>
        <source>Recordings that were not added</source>
        <translation>Grabaciones que no se agregaron</translation>
    </message>
    <message>
        <source>“{name}” was not added.</source>
        <translation>“{name}” no se agregó.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) or folder(s) not added.</source>
        <translation>
            <numerusform>%Ln grabación o carpeta no se agregó.</numerusform>
            <numerusform>%Ln grabaciones o carpetas no se agregaron.</numerusform>
        </translation>
    </message>
    <message>
        <source>Retry</source>
        <translation>Reintentar</translation>
    </message>
</context>
<context>
    <name>RemovalQuestion</name>
    <message>
        <source>Remove</source>
        <translation>Quitar</translation>
    </message>
    <message numerus="yes">
        <source>Remove %Ln recording(s) from the list?</source>
        <translation>
            <numerusform>¿Quitar %Ln grabación de la lista?</numerusform>
            <numerusform>¿Quitar %Ln grabaciones de la lista?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Deleted: %Ln result(s) with all corrections.</source>
        <translation>
            <numerusform>Se elimina: %Ln resultado con todas sus correcciones.</numerusform>
            <numerusform>Se eliminan: %Ln resultados con todas sus correcciones.</numerusform>
        </translation>
    </message>
    <message>
        <source>Kept: the recordings, exported files, and the entries in the audit trail.</source>
        <translation>Se conservan: las grabaciones, los archivos exportados y las entradas de la bitácora de auditoría.</translation>
    </message>
    <message>
        <source>Move the recordings to the &amp;trash too</source>
        <translation>Mover también las grabaciones a la &amp;papelera</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Kept: exported files and the entries in the audit trail.</source>
        <translation>Se conservan: los archivos exportados y las entradas de la bitácora de auditoría.</translation>
    </message>
    <message numerus="yes">
        <source>Comparing %Ln recording(s) with the results…</source>
        <translation>
            <numerusform>Comparando %Ln grabación con su resultado…</numerusform>
            <numerusform>Comparando %Ln grabaciones con los resultados…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) moved to the trash</source>
        <translation>
            <numerusform>%Ln grabación movida a la papelera</numerusform>
            <numerusform>%Ln grabaciones movidas a la papelera</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln more recording(s) stayed.</source>
        <translation>
            <numerusform>Otra grabación (%Ln) se conservó.</numerusform>
            <numerusform>Otras %Ln grabaciones se conservaron.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ResultList</name>
    <message>
        <source>Filter results</source>
        <translation>Filtrar resultados</translation>
    </message>
    <message>
        <source>A name of a file, speaker or role; or draft, reviewed, signed</source>
        <translation>Un nombre de archivo, hablante o función; o borrador, revisado, firmado</translation>
    </message>
    <message>
        <source>Previous result</source>
        <translation>Resultado anterior</translation>
    </message>
    <message>
        <source>Next result</source>
        <translation>Resultado siguiente</translation>
    </message>
    <message>
        <source>No result matches</source>
        <translation>Ningún resultado coincide</translation>
    </message>
    <message>
        <source>Results</source>
        <translation>Resultados</translation>
    </message>
</context>
<context>
    <name>ResultVersions</name>
    <message>
        <source>A new version is ready. You see version {number} of {total}, which stays.</source>
        <translation>Hay una versión nueva. Está viendo la versión {number} de {total}, que se conserva.</translation>
    </message>
    <message>
        <source>Show the new version</source>
        <translation>Mostrar la versión nueva</translation>
    </message>
    <message>
        <source>This is version {number} of {total}, which you can read, play, copy and export. To correct it, use it in place of version {current}.</source>
        <translation>Esta es la versión {number} de {total}; puede leerla, escucharla, copiarla y exportarla. Para corregirla, úsela en lugar de la versión {current}.</translation>
    </message>
    <message>
        <source>This is an earlier version, {number} of {total}, which you can read, play, copy and export. To correct it, use it in place of version {current}.</source>
        <translation>Esta es una versión anterior, {number} de {total}; puede leerla, escucharla, copiarla y exportarla. Para corregirla, úsela en lugar de la versión {current}.</translation>
    </message>
    <message>
        <source>Only the current version can be corrected.</source>
        <translation>Solo se puede corregir la versión actual.</translation>
    </message>
    <message>
        <source>Use this version</source>
        <translation>Usar esta versión</translation>
    </message>
</context>
<context>
    <name>ResultView</name>
    <message>
        <source>Process again…</source>
        <translation>Procesar de nuevo…</translation>
    </message>
    <message>
        <source>Make another version, with other options; this one stays</source>
        <translation>Crear otra versión, con otras opciones; esta se conserva</translation>
    </message>
    <message>
        <source>Process again</source>
        <translation>Procesar de nuevo</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Intentar de nuevo</translation>
    </message>
    <message>
        <source>This result stays until the new one is ready.</source>
        <translation>Este resultado se conserva hasta que esté listo el nuevo.</translation>
    </message>
</context>
<context>
    <name>ResultsSplitter</name>
    <message>
        <source>Hide the results</source>
        <translation>Ocultar los resultados</translation>
    </message>
    <message>
        <source>Show the results</source>
        <translation>Mostrar los resultados</translation>
    </message>
</context>
<context>
    <name>ReviewBar</name>
    <message>
        <source>Undo</source>
        <translation>Deshacer</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Rehacer</translation>
    </message>
    <message>
        <source>Next doubt</source>
        <translation>Siguiente duda</translation>
    </message>
    <message>
        <source>Previous doubt</source>
        <translation>Duda anterior</translation>
    </message>
    <message>
        <source>Accept, and go to the next doubt</source>
        <translation>Aceptar e ir a la siguiente duda</translation>
    </message>
    <message>
        <source>Mark as reviewed</source>
        <translation>Marcar como revisado</translation>
    </message>
    <message>
        <source>Sign…</source>
        <translation>Firmar…</translation>
    </message>
    <message>
        <source>{state}: {name}, {moment}</source>
        <translation>{state}: {name}, {moment}</translation>
    </message>
    <message numerus="yes">
        <source>%Ln doubt(s) left</source>
        <translation>
            <numerusform>Queda %Ln duda</numerusform>
            <numerusform>Quedan %Ln dudas</numerusform>
        </translation>
    </message>
    <message>
        <source>No doubts left</source>
        <translation>No quedan dudas</translation>
    </message>
    <message>
        <source>Saved</source>
        <translation>Guardado</translation>
    </message>
    <message>
        <source>Not saved yet</source>
        <translation>Aún sin guardar</translation>
    </message>
</context>
<context>
    <name>ReviewSession</name>
    <message>
        <source>{reason} Close the window again to leave without your last corrections.</source>
        <translation>{reason} Cierre la ventana otra vez para salir sin sus últimas correcciones.</translation>
    </message>
</context>
<context>
    <name>RowMenu</name>
    <message>
        <source>&amp;Start</source>
        <translation>&amp;Empezar</translation>
    </message>
    <message>
        <source>&amp;Now</source>
        <translation>&amp;Ahora</translation>
    </message>
    <message>
        <source>&amp;Tonight</source>
        <translation>Esta &amp;noche</translation>
    </message>
    <message>
        <source>With the &amp;queue</source>
        <translation>Con la &amp;cola</translation>
    </message>
    <message>
        <source>Co&amp;llapse batch</source>
        <translation>Con&amp;traer lote</translation>
    </message>
    <message>
        <source>&amp;Expand batch</source>
        <translation>&amp;Expandir lote</translation>
    </message>
    <message>
        <source>&amp;Priority</source>
        <translation>&amp;Prioridad</translation>
    </message>
</context>
<context>
    <name>SearchField</name>
    <message>
        <source>Clear</source>
        <translation>Borrar</translation>
    </message>
</context>
<context>
    <name>SegmentsModel</name>
    <message>
        <source>No words were recognized in this speech: listen again</source>
        <translation>No se reconocieron palabras en esta parte: vuelva a escucharla</translation>
    </message>
    <message>
        <source>Hard to hear: listen again</source>
        <translation>Se oyó mal: conviene volver a escucharlo</translation>
    </message>
    <message>
        <source>Someone else spoke at the same time</source>
        <translation>Otra persona hablaba al mismo tiempo</translation>
    </message>
    <message>
        <source>{speaker}, {time}: {text}</source>
        <translation>{speaker}, {time}: {text}</translation>
    </message>
    <message>
        <source>Not sure who says it</source>
        <translation>No es seguro quién lo dice</translation>
    </message>
    <message>
        <source>Hard to hear: {words}</source>
        <translation>Se oyó mal: {words}</translation>
    </message>
    <message>
        <source>Spoken over: {words}</source>
        <translation>Con otra voz encima: {words}</translation>
    </message>
</context>
<context>
    <name>SegmentsTable</name>
    <message>
        <source>What was said</source>
        <translation>Qué se dijo</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>&amp;Copiar</translation>
    </message>
    <message>
        <source>Select &amp;all</source>
        <translation>Seleccionar &amp;todo</translation>
    </message>
</context>
<context>
    <name>SelectionView</name>
    <message numerus="yes">
        <source>%Ln recording(s)</source>
        <translation>
            <numerusform>%Ln grabación</numerusform>
            <numerusform>%Ln grabaciones</numerusform>
        </translation>
    </message>
    <message>
        <source>{length} of audio</source>
        <translation>{length} de audio</translation>
    </message>
</context>
<context>
    <name>SendingDialog</name>
    <message>
        <source>Server</source>
        <translation>Servidor</translation>
    </message>
    <message>
        <source>Recordings are sent to {server}</source>
        <translation>Las grabaciones se envían a {server}</translation>
    </message>
    <message>
        <source>Your clinic&apos;s server processes them. Their sound is encrypted on this computer and sent by way of {folder}. It is there only while it is processed, and is then deleted.</source>
        <translation>El servidor de su clínica las procesa. El sonido se cifra en esta computadora y se envía por {folder}. Está ahí solo mientras se procesa, y después se elimina.</translation>
    </message>
    <message>
        <source>Recordings stay where they are, the names of files are not sent, and results are stored on this computer.</source>
        <translation>Las grabaciones se quedan donde están, los nombres de los archivos no se envían y los resultados se guardan en esta computadora.</translation>
    </message>
    <message>
        <source>Change this at any time in File › Settings › Server.</source>
        <translation>Puede cambiarlo en cualquier momento en Archivo › Configuración › Servidor.</translation>
    </message>
    <message>
        <source>Send to the server</source>
        <translation>Enviar al servidor</translation>
    </message>
    <message>
        <source>Work on this computer only</source>
        <translation>Trabajar solo en esta computadora</translation>
    </message>
    <message>
        <source>Do not send</source>
        <translation>No enviar</translation>
    </message>
</context>
<context>
    <name>SettingRow</name>
    <message>
        <source>Set by your clinic</source>
        <translation>Establecido por su clínica</translation>
    </message>
    <message>
        <source>limited by your clinic</source>
        <translation>limitado por su clínica</translation>
    </message>
    <message>
        <source>your clinic allows {least} to {most}</source>
        <translation>su clínica permite de {least} a {most}</translation>
    </message>
    <message>
        <source>your clinic allows {least} or more</source>
        <translation>su clínica permite {least} o más</translation>
    </message>
    <message>
        <source>your clinic allows at most {most}</source>
        <translation>su clínica permite como máximo {most}</translation>
    </message>
    <message>
        <source>Reset to default</source>
        <translation>Restablecer</translation>
    </message>
    <message>
        <source>Reset to default: {name}</source>
        <translation>Restablecer: {name}</translation>
    </message>
    <message>
        <source>Set by the environment or the command line; cannot be changed here</source>
        <translation>Definido por el entorno o la línea de comandos; aquí no se puede cambiar</translation>
    </message>
    <message>
        <source>Default: {value}</source>
        <translation>Predeterminado: {value}</translation>
    </message>
    <message>
        <source>none</source>
        <translation>ninguno</translation>
    </message>
    <message>
        <source>takes effect after a restart</source>
        <translation>se aplica al reiniciar</translation>
    </message>
    <message>
        <source>Enter numbers separated by commas, each 0 or higher.</source>
        <translation>Escriba números separados por comas, cada uno de 0 o más.</translation>
    </message>
    <message>
        <source>Enter a server, such as server.example.org:587.</source>
        <translation>Escriba un servidor, por ejemplo servidor.example.org:587.</translation>
    </message>
    <message>
        <source>Enter e-mail addresses, separated by commas.</source>
        <translation>Escriba direcciones de correo, separadas por comas.</translation>
    </message>
    <message>
        <source>Enter an address that begins with https://.</source>
        <translation>Escriba una dirección que empiece con https://.</translation>
    </message>
    <message>
        <source>Enter 0, or a number of {minimum} or higher.</source>
        <translation>Escriba 0, o un número de {minimum} o más.</translation>
    </message>
    <message>
        <source>Enter a whole number from {minimum} to {maximum}.</source>
        <translation>Escriba un número entero de {minimum} a {maximum}.</translation>
    </message>
    <message>
        <source>Enter a number from {minimum} to {maximum}.</source>
        <translation>Escriba un número de {minimum} a {maximum}.</translation>
    </message>
    <message>
        <source>Enter a whole number, 0 or higher.</source>
        <translation>Escriba un número entero, 0 o más.</translation>
    </message>
    <message>
        <source>Enter a number, 0 or higher.</source>
        <translation>Escriba un número, 0 o más.</translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>Keep the audit trail</source>
        <translation>Conservar la bitácora de auditoría</translation>
    </message>
    <message>
        <source>Keep decoded sound</source>
        <translation>Conservar el sonido decodificado</translation>
    </message>
    <message>
        <source>The sound of a recording that waits for another attempt is deleted after this time and decoded again then; the recording stays. 0: never.</source>
        <translation>El sonido de una grabación que espera otro intento se elimina después de este tiempo y entonces se decodifica de nuevo; la grabación se conserva. 0: nunca.</translation>
    </message>
    <message>
        <source>After this time, whole files of old entries are deleted; the rest can still be verified. 0: never.</source>
        <translation>Después de este tiempo se eliminan archivos completos de entradas antiguas; el resto se puede seguir verificando. 0: nunca.</translation>
    </message>
    <message>
        <source>Keep damaged queues</source>
        <translation>Conservar las colas dañadas</translation>
    </message>
    <message>
        <source>A damaged queue is set aside and deleted after this time. 0: never.</source>
        <translation>Una cola dañada se aparta y se elimina después de este tiempo. 0: nunca.</translation>
    </message>
    <message>
        <source>Ask if the clock jumps by</source>
        <translation>Preguntar si el reloj salta más de</translation>
    </message>
    <message>
        <source>If the clock is later than at the last use by more than this, nothing is deleted by age until you confirm that it is right. 0: never ask.</source>
        <translation>Si el reloj está adelantado más de este tiempo respecto al último uso, no se elimina nada por antigüedad hasta que usted confirme que es correcto. 0: nunca preguntar.</translation>
    </message>
    <message>
        <source>Audit trail</source>
        <translation>Bitácora de auditoría</translation>
    </message>
    <message>
        <source>Lock the window after this time without input. Requires a PIN or a passphrase. 0: never.</source>
        <translation>Bloquear la ventana después de este tiempo sin actividad. Requiere un PIN o una frase de contraseña. 0: nunca.</translation>
    </message>
    <message>
        <source>Copy to a folder</source>
        <translation>Copiar en una carpeta</translation>
    </message>
    <message>
        <source>Entries are also written to a file in this folder, such as one on the clinic&apos;s server. While the folder is away, they wait.</source>
        <translation>Los registros también se escriben en un archivo de esta carpeta, por ejemplo una del servidor de la clínica. Mientras la carpeta no está disponible, esperan.</translation>
    </message>
    <message>
        <source>Send to a syslog server</source>
        <translation>Enviar a un servidor syslog</translation>
    </message>
    <message>
        <source>Entries are sent to this server, encrypted with TLS. Example: syslog.example.org:6514.</source>
        <translation>Los registros se envían a este servidor, cifrados con TLS. Ejemplo: syslog.example.org:6514.</translation>
    </message>
    <message>
        <source>Certificates for it</source>
        <translation>Certificados para él</translation>
    </message>
    <message>
        <source>File with the certificates that vouch for the server, in PEM format. Empty: those of this computer.</source>
        <translation>Archivo con los certificados que avalan al servidor, en formato PEM. Vacío: los de esta computadora.</translation>
    </message>
    <message>
        <source>Pass to a command</source>
        <translation>Pasar a un comando</translation>
    </message>
    <message>
        <source>This command reads entries from its standard input, one JSON object per line. It is started each time there are new ones.</source>
        <translation>Este comando lee registros de su entrada estándar, un objeto JSON por línea. Se inicia cada vez que hay registros nuevos.</translation>
    </message>
    <message>
        <source>Results are written automatically, and again each time they are reviewed or signed later. Profiles and watched folders can have their own export.</source>
        <translation>Los resultados se guardan automáticamente, y de nuevo cada vez que se revisan o se firman después. Los perfiles y las carpetas vigiladas pueden tener su propia exportación.</translation>
    </message>
    <message>
        <source>How Word files, PDF, web pages and texts look, also those written automatically. A template with its own file name takes the place of the one above.</source>
        <translation>Cómo se ven los archivos de Word, PDF, páginas web y textos, también los que se guardan automáticamente. Si la plantilla tiene su propio nombre de archivo, sustituye al de arriba.</translation>
    </message>
    <message>
        <source>Template</source>
        <translation>Plantilla</translation>
    </message>
    <message>
        <source>If a recording has a case, lists and windows show it. The file name is in the details.</source>
        <translation>Si una grabación tiene caso, las listas y ventanas lo muestran. El nombre del archivo está en los detalles.</translation>
    </message>
    <message>
        <source>Case and date in file names</source>
        <translation>Caso y fecha en los nombres de archivo</translation>
    </message>
    <message>
        <source>How files are named: {case} stands for the case, {date} for a date with the year first, {dmy} or {mdy} for one with the day or the month first, {time} for the time, and {any} for anything else. Without a pattern, only the dates of recorders and phones are read.</source>
        <translation>Cómo se llaman los archivos: {case} es el caso, {date} una fecha que empieza por el año, {dmy} o {mdy} una que empieza por el día o el mes, {time} la hora y {any} cualquier otra cosa. Sin patrón, solo se leen las fechas de grabadoras y teléfonos.</translation>
    </message>
    <message>
        <source>Show cases instead of file names</source>
        <translation>Mostrar casos en vez de nombres de archivo</translation>
    </message>
    <message>
        <source>{name} stands for the recording&apos;s name, {case} for the case, {date} and {time} for when it was recorded, and {speakers} for the people who speak. No other file is replaced: a number is added.</source>
        <translation>{name} es el nombre de la grabación, {case} el caso, {date} y {time} cuándo se grabó y {speakers} las personas que hablan. No se reemplaza ningún otro archivo: se agrega un número.</translation>
    </message>
    <message>
        <source>Vocabulary lists</source>
        <translation>Listas de vocabulario</translation>
    </message>
    <message>
        <source>Drugs, tests and abbreviations of these specialties are spelled correctly when they are heard. If none is chosen, all are used.</source>
        <translation>Los fármacos, estudios y abreviaturas de estas especialidades se escriben bien cuando se oyen. Si no elige ninguna, se usan todas.</translation>
    </message>
    <message>
        <source>Numbers</source>
        <translation>Números</translation>
    </message>
    <message>
        <source>How numbers, doses and dates are written.</source>
        <translation>Cómo se escriben números, dosis y fechas.</translation>
    </message>
    <message>
        <source>As transcribed</source>
        <translation>Como se transcriben</translation>
    </message>
    <message>
        <source>In digits (40 mg)</source>
        <translation>Con cifras (40 mg)</translation>
    </message>
    <message>
        <source>In words</source>
        <translation>Con palabras</translation>
    </message>
    <message>
        <source>When to process</source>
        <translation>Cuándo procesar</translation>
    </message>
    <message>
        <source>When recordings start to be processed. A recording in progress is always finished.</source>
        <translation>Cuándo empiezan a procesarse las grabaciones. Una grabación en curso siempre se termina.</translation>
    </message>
    <message>
        <source>At any time</source>
        <translation>A cualquier hora</translation>
    </message>
    <message>
        <source>At night</source>
        <translation>De noche</translation>
    </message>
    <message>
        <source>Night begins</source>
        <translation>Comienzo de la noche</translation>
    </message>
    <message>
        <source>From this time on, it is night.</source>
        <translation>A partir de esta hora es de noche.</translation>
    </message>
    <message>
        <source>Night ends</source>
        <translation>Fin de la noche</translation>
    </message>
    <message>
        <source>Until this time, it is night.</source>
        <translation>Hasta esta hora es de noche.</translation>
    </message>
    <message>
        <source>Only on mains power</source>
        <translation>Solo con corriente eléctrica</translation>
    </message>
    <message>
        <source>Start no recording while this computer runs on its battery.</source>
        <translation>No empezar ninguna grabación mientras esta computadora funcione con batería.</translation>
    </message>
    <message>
        <source>Use less of this computer</source>
        <translation>Usar menos esta computadora</translation>
    </message>
    <message>
        <source>Let your other programs go first while recordings are processed, and use half of the processor on battery.</source>
        <translation>Deja pasar primero a sus otros programas mientras se procesan las grabaciones y, con batería, usa la mitad del procesador.</translation>
    </message>
    <message>
        <source>Engine that tells who speaks when.</source>
        <translation>Motor que determina quién habla y cuándo.</translation>
    </message>
    <message>
        <source>General</source>
        <translation>General</translation>
    </message>
    <message>
        <source>Recordings</source>
        <translation>Grabaciones</translation>
    </message>
    <message>
        <source>Processing</source>
        <translation>Procesamiento</translation>
    </message>
    <message>
        <source>Server</source>
        <translation>Servidor</translation>
    </message>
    <message>
        <source>Retries</source>
        <translation>Reintentos</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportación</translation>
    </message>
    <message>
        <source>Storage</source>
        <translation>Almacenamiento</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelos</translation>
    </message>
    <message>
        <source>Privacy</source>
        <translation>Privacidad</translation>
    </message>
    <message>
        <source>Alerts</source>
        <translation>Alertas</translation>
    </message>
    <message>
        <source>seconds</source>
        <translation>segundos</translation>
    </message>
    <message>
        <source>minutes</source>
        <translation>minutos</translation>
    </message>
    <message>
        <source>days</source>
        <translation>días</translation>
    </message>
    <message>
        <source>MB</source>
        <translation>MB</translation>
    </message>
    <message>
        <source>GB</source>
        <translation>GB</translation>
    </message>
    <message>
        <source>%</source>
        <translation>%</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>Apariencia</translation>
    </message>
    <message>
        <source>Light, dark, or the same as the system.</source>
        <translation>Clara, oscura o igual que el sistema.</translation>
    </message>
    <message>
        <source>Same as the system</source>
        <translation>Igual que el sistema</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Clara</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Oscura</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Idioma</translation>
    </message>
    <message>
        <source>Language of menus, dialogs and messages.</source>
        <translation>Idioma de los menús, los cuadros de diálogo y los mensajes.</translation>
    </message>
    <message>
        <source>English</source>
        <translation>English</translation>
    </message>
    <message>
        <source>Español</source>
        <translation>Español</translation>
    </message>
    <message>
        <source>Number of speakers</source>
        <translation>Número de hablantes</translation>
    </message>
    <message>
        <source>How many people speak in a recording, unless you choose otherwise when you add it.</source>
        <translation>Cuántas personas hablan en una grabación, si no elige otra cosa al agregarla.</translation>
    </message>
    <message>
        <source>Language of the recordings</source>
        <translation>Idioma de las grabaciones</translation>
    </message>
    <message>
        <source>Language spoken in the recordings, unless you choose otherwise when you add them.</source>
        <translation>Idioma que se habla en las grabaciones, salvo que elija otro al agregarlas.</translation>
    </message>
    <message>
        <source>Languages spoken here</source>
        <translation>Idiomas que se hablan aquí</translation>
    </message>
    <message>
        <source>Automatic detection expects these languages. It finds another one only in longer recordings, if the language is clear.</source>
        <translation>La detección automática espera estos idiomas. Solo encuentra otro en grabaciones más largas, si el idioma es claro.</translation>
    </message>
    <message>
        <source>Speaker identification</source>
        <translation>Identificación de hablantes</translation>
    </message>
    <message>
        <source>Transcription model</source>
        <translation>Modelo de transcripción</translation>
    </message>
    <message>
        <source>Model that transcribes what is said. Without one, results only show who spoke when.</source>
        <translation>Modelo que transcribe lo que se dice. Sin un modelo, los resultados solo muestran quién habló y cuándo.</translation>
    </message>
    <message>
        <source>Vocabulary</source>
        <translation>Vocabulario</translation>
    </message>
    <message>
        <source>Names of drugs, people or places that may come up, so that they are spelled correctly.</source>
        <translation>Nombres de fármacos, personas o lugares que pueden mencionarse, para que se escriban bien.</translation>
    </message>
    <message>
        <source>Recordings at a time</source>
        <translation>Grabaciones a la vez</translation>
    </message>
    <message>
        <source>How many recordings are processed at the same time. 0: as many as suit this computer, up to 2.</source>
        <translation>Cuántas grabaciones se procesan al mismo tiempo. 0: las que convengan a esta computadora, hasta 2.</translation>
    </message>
    <message>
        <source>Time limit</source>
        <translation>Límite de tiempo</translation>
    </message>
    <message>
        <source>Hard time limit</source>
        <translation>Límite de tiempo estricto</translation>
    </message>
    <message>
        <source>How long an attempt may take before its worker is stopped by force.</source>
        <translation>Cuánto puede durar un intento antes de que se fuerce el cierre de su proceso.</translation>
    </message>
    <message>
        <source>Time limit for long recordings</source>
        <translation>Límite de tiempo para grabaciones largas</translation>
    </message>
    <message>
        <source>A long recording may take this many times its own length.</source>
        <translation>Una grabación larga puede tardar este múltiplo de su propia duración.</translation>
    </message>
    <message>
        <source>Replace an unresponsive worker after</source>
        <translation>Reemplazar un proceso que no responde después de</translation>
    </message>
    <message>
        <source>A worker that does not respond for this long is replaced.</source>
        <translation>Un proceso que no responde durante este tiempo se reemplaza.</translation>
    </message>
    <message>
        <source>Time to shut down</source>
        <translation>Tiempo para el cierre</translation>
    </message>
    <message>
        <source>How long workers may take to stop when the program closes.</source>
        <translation>Cuánto pueden tardar los procesos en detenerse cuando se cierra el programa.</translation>
    </message>
    <message>
        <source>Recordings per worker</source>
        <translation>Grabaciones por proceso</translation>
    </message>
    <message>
        <source>A worker is replaced after this many recordings. 0: never.</source>
        <translation>Un proceso se reemplaza después de este número de grabaciones. 0: nunca.</translation>
    </message>
    <message>
        <source>Memory per worker</source>
        <translation>Memoria por proceso</translation>
    </message>
    <message>
        <source>A worker that still uses more memory than this after a recording is replaced. 0: never.</source>
        <translation>Un proceso que después de una grabación sigue usando más memoria que esta se reemplaza. 0: nunca.</translation>
    </message>
    <message>
        <source>Retry delays</source>
        <translation>Esperas antes de reintentar</translation>
    </message>
    <message>
        <source>How long to wait before each retry, separated by commas. There is one retry for each number.</source>
        <translation>Cuánto esperar antes de cada reintento, separado por comas. Hay un reintento por cada número.</translation>
    </message>
    <message>
        <source>Maximum attempts</source>
        <translation>Número máximo de intentos</translation>
    </message>
    <message>
        <source>A recording that has been started this many times fails.</source>
        <translation>Una grabación que se ha iniciado este número de veces se marca como fallida.</translation>
    </message>
    <message>
        <source>Where to process</source>
        <translation>Dónde procesar</translation>
    </message>
    <message>
        <source>Where recordings are processed. With both, each goes to whichever is free first.</source>
        <translation>Dónde se procesan las grabaciones. Con ambos, cada una va al que quede libre primero.</translation>
    </message>
    <message>
        <source>On this computer</source>
        <translation>En este equipo</translation>
    </message>
    <message>
        <source>On the server</source>
        <translation>En el servidor</translation>
    </message>
    <message>
        <source>On both</source>
        <translation>En ambos</translation>
    </message>
    <message>
        <source>Recordings may leave this computer</source>
        <translation>Las grabaciones pueden salir de este equipo</translation>
    </message>
    <message>
        <source>Their sound goes encrypted to the folder for transfers, and the server deletes it once it is done. Nothing is sent while this is off.</source>
        <translation>Su sonido va cifrado a la carpeta de transferencia, y el servidor lo elimina al terminar. Mientras esté desactivado, no se envía nada.</translation>
    </message>
    <message>
        <source>Server that you agreed to</source>
        <translation>Servidor que usted aceptó</translation>
    </message>
    <message>
        <source>Recordings are sent to this server only, by way of this folder for transfers. You are asked once, and again if either changes.</source>
        <translation>Las grabaciones se envían solo a este servidor, por esta carpeta de transferencia. Se le pregunta una vez, y de nuevo si alguno de los dos cambia.</translation>
    </message>
    <message>
        <source>Address of the server</source>
        <translation>Dirección del servidor</translation>
    </message>
    <message>
        <source>The server&apos;s Redis. Example: rediss://desktop:password@server.example.org:6380/0.</source>
        <translation>El Redis del servidor. Ejemplo: rediss://desktop:password@server.example.org:6380/0.</translation>
    </message>
    <message>
        <source>Certificates of the server</source>
        <translation>Certificados del servidor</translation>
    </message>
    <message>
        <source>Allow a server without TLS</source>
        <translation>Permitir un servidor sin TLS</translation>
    </message>
    <message>
        <source>Connect to another computer by redis://, too. Others in the network see then which jobs there are.</source>
        <translation>Conectarse también a otro equipo por redis://. Otras personas en la red ven entonces qué tareas hay.</translation>
    </message>
    <message>
        <source>Key file</source>
        <translation>Archivo de clave</translation>
    </message>
    <message>
        <source>File with the key that this computer and the server share. fi-desktop worker --new-key writes one.</source>
        <translation>Archivo con la clave que comparten este equipo y el servidor. fi-desktop worker --new-key crea uno.</translation>
    </message>
    <message>
        <source>Folder for transfers</source>
        <translation>Carpeta de transferencia</translation>
    </message>
    <message>
        <source>Where encrypted recordings and results travel, as the server sees it too. Examples: file:///mnt/clinic/transfer, sftp://user@server.example.org/transfer, s3://bucket/transfer.</source>
        <translation>Por dónde viajan las grabaciones y los resultados cifrados, tal como la ve también el servidor. Ejemplos: file:///mnt/clinic/transfer, sftp://user@server.example.org/transfer, s3://bucket/transfer.</translation>
    </message>
    <message>
        <source>Recordings at a time on the server</source>
        <translation>Grabaciones a la vez en el servidor</translation>
    </message>
    <message>
        <source>How many recordings of this computer the server has at the same time.</source>
        <translation>Cuántas grabaciones de este equipo tiene el servidor al mismo tiempo.</translation>
    </message>
    <message>
        <source>Queue on the server</source>
        <translation>Cola en el servidor</translation>
    </message>
    <message>
        <source>Workers on the server take recordings from this queue.</source>
        <translation>Los procesos del servidor toman grabaciones de esta cola.</translation>
    </message>
    <message>
        <source>Write results to a folder</source>
        <translation>Guardar los resultados en una carpeta</translation>
    </message>
    <message>
        <source>When they are completed</source>
        <translation>Cuando se completan</translation>
    </message>
    <message>
        <source>When they are reviewed</source>
        <translation>Cuando se revisan</translation>
    </message>
    <message>
        <source>When they are signed</source>
        <translation>Cuando se firman</translation>
    </message>
    <message>
        <source>Folder for results</source>
        <translation>Carpeta de resultados</translation>
    </message>
    <message>
        <source>Formats</source>
        <translation>Formatos</translation>
    </message>
    <message>
        <source>Each result is written in these formats.</source>
        <translation>Cada resultado se guarda en estos formatos.</translation>
    </message>
    <message>
        <source>File name</source>
        <translation>Nombre de archivo</translation>
    </message>
    <message>
        <source>Keep finished recordings</source>
        <translation>Conservar las grabaciones terminadas</translation>
    </message>
    <message>
        <source>After this time, finished recordings leave the list and their results are deleted. 0: never.</source>
        <translation>Después de este tiempo, las grabaciones terminadas se quitan de la lista y sus resultados se eliminan. 0: nunca.</translation>
    </message>
    <message>
        <source>Keep unopened results</source>
        <translation>Conservar los resultados sin abrir</translation>
    </message>
    <message>
        <source>Keep results that nobody has opened or exported, however old they are.</source>
        <translation>Conservar los resultados que nadie ha abierto ni exportado, por antiguos que sean.</translation>
    </message>
    <message>
        <source>Notifications</source>
        <translation>Notificaciones</translation>
    </message>
    <message>
        <source>When the desktop shows a notification.</source>
        <translation>Cuándo muestra el escritorio una notificación.</translation>
    </message>
    <message>
        <source>Recordings waiting</source>
        <translation>Grabaciones en espera</translation>
    </message>
    <message>
        <source>Send an alert if more recordings than this wait. 0: never.</source>
        <translation>Enviar una alerta si esperan más grabaciones que estas. 0: nunca.</translation>
    </message>
    <message>
        <source>Waiting for</source>
        <translation>Tiempo de espera</translation>
    </message>
    <message>
        <source>The alert is sent once that many recordings have waited for this long.</source>
        <translation>La alerta se envía cuando esa cantidad de grabaciones ha esperado este tiempo.</translation>
    </message>
    <message>
        <source>Share of failures</source>
        <translation>Porcentaje de errores</translation>
    </message>
    <message>
        <source>Send an alert if this share or more of the recordings of an hour failed, from four recordings on. 0: never.</source>
        <translation>Enviar una alerta si falló este porcentaje o más de las grabaciones de una hora, a partir de cuatro grabaciones. 0: nunca.</translation>
    </message>
    <message>
        <source>Free disk space</source>
        <translation>Espacio libre en disco</translation>
    </message>
    <message>
        <source>Send an alert if less than this is free on the disk with the data folder. 0: never.</source>
        <translation>Enviar una alerta si queda menos de esto libre en el disco con la carpeta de datos. 0: nunca.</translation>
    </message>
    <message>
        <source>Workers replaced</source>
        <translation>Procesos reemplazados</translation>
    </message>
    <message>
        <source>Send an alert if workers died or were stopped by force this often within an hour. 0: never.</source>
        <translation>Enviar una alerta si este número de procesos terminó de forma inesperada o a la fuerza en una hora. 0: nunca.</translation>
    </message>
    <message>
        <source>Time between alerts</source>
        <translation>Tiempo entre alertas</translation>
    </message>
    <message>
        <source>An alert is sent once until it is over. If it comes back, it is not sent again before this time has passed.</source>
        <translation>Una alerta se envía una sola vez hasta que termina. Si vuelve, no se envía de nuevo antes de que pase este tiempo.</translation>
    </message>
    <message>
        <source>Notification on this computer</source>
        <translation>Notificación en este equipo</translation>
    </message>
    <message>
        <source>Show alerts as notifications of the desktop, while the window is open or in the tray.</source>
        <translation>Mostrar las alertas como notificaciones del escritorio, mientras la ventana está abierta o en la bandeja.</translation>
    </message>
    <message>
        <source>Name of this computer</source>
        <translation>Nombre de este equipo</translation>
    </message>
    <message>
        <source>Alerts that are sent begin with it. Otherwise they hold numbers only: never the name of a file or of a patient.</source>
        <translation>Las alertas que se envían empiezan con él. Por lo demás, solo contienen números: nunca el nombre de un archivo o de un paciente.</translation>
    </message>
    <message>
        <source>Send by e-mail to</source>
        <translation>Enviar por correo a</translation>
    </message>
    <message>
        <source>E-mail addresses, separated by commas.</source>
        <translation>Direcciones de correo, separadas por comas.</translation>
    </message>
    <message>
        <source>Mail server</source>
        <translation>Servidor de correo</translation>
    </message>
    <message>
        <source>Sends the e-mail (SMTP). Example: smtp.example.org:587.</source>
        <translation>Envía el correo (SMTP). Ejemplo: smtp.example.org:587.</translation>
    </message>
    <message>
        <source>Encryption of e-mail</source>
        <translation>Cifrado del correo</translation>
    </message>
    <message>
        <source>How the connection to the mail server is encrypted. Without encryption, the server must be on this computer.</source>
        <translation>Cómo se cifra la conexión con el servidor de correo. Sin cifrado, el servidor debe estar en este equipo.</translation>
    </message>
    <message>
        <source>STARTTLS</source>
        <translation>STARTTLS</translation>
    </message>
    <message>
        <source>TLS</source>
        <translation>TLS</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Ninguno</translation>
    </message>
    <message>
        <source>Sender of e-mail</source>
        <translation>Remitente del correo</translation>
    </message>
    <message>
        <source>An e-mail address. Empty: the first of the addresses above.</source>
        <translation>Una dirección de correo. Vacío: la primera de las direcciones de arriba.</translation>
    </message>
    <message>
        <source>Account at the mail server</source>
        <translation>Cuenta en el servidor de correo</translation>
    </message>
    <message>
        <source>Its password is in the keyring (`fi-desktop alerts password`) or in the environment variable FI_DESKTOP_ALERT_PASSWORD.</source>
        <translation>Su contraseña está en el llavero (`fi-desktop alerts password`) o en la variable de entorno FI_DESKTOP_ALERT_PASSWORD.</translation>
    </message>
    <message>
        <source>Send to a web address</source>
        <translation>Enviar a una dirección web</translation>
    </message>
    <message>
        <source>Alerts are sent there as JSON. It must begin with https://, unless it is on this computer.</source>
        <translation>Las alertas se envían ahí como JSON. Debe empezar con https://, a menos que esté en este equipo.</translation>
    </message>
    <message>
        <source>Certificates for alerts</source>
        <translation>Certificados para las alertas</translation>
    </message>
    <message>
        <source>File with the certificates that vouch for mail server and web address, in PEM format. Empty: those of this computer.</source>
        <translation>Archivo con los certificados que avalan el servidor de correo y la dirección web, en formato PEM. Vacío: los de este equipo.</translation>
    </message>
    <message>
        <source>Pass alerts to a command</source>
        <translation>Pasar las alertas a un comando</translation>
    </message>
    <message>
        <source>This command reads an alert from its standard input, as a JSON object.</source>
        <translation>Este comando lee una alerta de su entrada estándar, como un objeto JSON.</translation>
    </message>
    <message>
        <source>Never</source>
        <translation>Nunca</translation>
    </message>
    <message>
        <source>How long an attempt may take before it is asked to stop. A recording that is already on the server keeps the limits that it was sent with.</source>
        <translation>Cuánto puede durar un intento antes de que se le pida detenerse. Una grabación que ya está en el servidor conserva los límites con los que se envió.</translation>
    </message>
    <message>
        <source>Results are written here. If the drive is not connected, they wait until it is back.</source>
        <translation>Los resultados se guardan aquí. Si la unidad no está conectada, esperan hasta que vuelva a estarlo.</translation>
    </message>
    <message>
        <source>When everything is done</source>
        <translation>Cuando todo esté terminado</translation>
    </message>
    <message>
        <source>After each recording</source>
        <translation>Después de cada grabación</translation>
    </message>
    <message>
        <source>File names in notifications</source>
        <translation>Nombres de archivo en las notificaciones</translation>
    </message>
    <message>
        <source>Show the name of the file in notifications, where other people may see it.</source>
        <translation>Mostrar el nombre del archivo en las notificaciones, donde otras personas pueden verlo.</translation>
    </message>
    <message>
        <source>Lock when idle</source>
        <translation>Bloquear por inactividad</translation>
    </message>
    <message>
        <source>Show in pictures of the screen</source>
        <translation>Mostrar en imágenes de la pantalla</translation>
    </message>
    <message>
        <source>Let other programs see these windows: screenshots, shared screens, and what Windows records of the screen. Linux has no way to prevent it.</source>
        <translation>Permite que otros programas vean estas ventanas: capturas, pantallas compartidas y lo que Windows graba de la pantalla. En Linux no hay manera de impedirlo.</translation>
    </message>
    <message>
        <source>Encrypt results</source>
        <translation>Cifrar los resultados</translation>
    </message>
    <message>
        <source>Encrypt results, words, names and the queue if this account has a keyring, which unlocks them by itself. What is encrypted stays so when this is switched off.</source>
        <translation>Cifra los resultados, las palabras, los nombres y la cola si esta cuenta tiene un llavero, que los desbloquea por sí solo. Lo que ya está cifrado sigue así si se desactiva.</translation>
    </message>
    <message>
        <source>Check for updates</source>
        <translation>Buscar actualizaciones</translation>
    </message>
    <message>
        <source>Ask once a day whether there is a newer version. Nothing about you or this computer is sent.</source>
        <translation>Preguntar una vez al día si hay una versión más reciente. No se envía nada sobre usted ni sobre esta computadora.</translation>
    </message>
</context>
<context>
    <name>ShortcutsDialog</name>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Atajos de teclado</translation>
    </message>
</context>
<context>
    <name>SignDialog</name>
    <message>
        <source>Sign this result</source>
        <translation>Firmar este resultado</translation>
    </message>
    <message>
        <source>You confirm that you checked it as it is now. A later change makes it a draft again.</source>
        <translation>Usted confirma que lo revisó tal como está ahora. Un cambio posterior lo vuelve a hacer borrador.</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>&amp;Nombre</translation>
    </message>
    <message>
        <source>Sign</source>
        <translation>Firmar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
</context>
<context>
    <name>SpeakerCorrections</name>
    <message>
        <source>This is said by</source>
        <translation>Esto lo dice</translation>
    </message>
    <message>
        <source>From here on, said by</source>
        <translation>Desde aquí lo dice</translation>
    </message>
    <message>
        <source>A new speaker</source>
        <translation>Otro hablante</translation>
    </message>
    <message>
        <source>Who is {speaker}?…</source>
        <translation>¿Quién es {speaker}?…</translation>
    </message>
    <message>
        <source>{speaker} is the same person as</source>
        <translation>{speaker} es la misma persona que</translation>
    </message>
    <message>
        <source>Swap {speaker} with</source>
        <translation>Intercambiar {speaker} con</translation>
    </message>
    <message>
        <source>Join with the next</source>
        <translation>Unir con el siguiente</translation>
    </message>
</context>
<context>
    <name>SpeakerDialog</name>
    <message>
        <source>Who is {speaker}?</source>
        <translation>¿Quién es {speaker}?</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Nombre</translation>
    </message>
    <message>
        <source>Hear this voice</source>
        <translation>Oír esta voz</translation>
    </message>
    <message>
        <source>OK</source>
        <translation>Aceptar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>Función</translation>
    </message>
</context>
<context>
    <name>StateChips</name>
    <message>
        <source>To review</source>
        <translation>Por revisar</translation>
    </message>
    <message>
        <source>Show jobs by state</source>
        <translation>Mostrar trabajos por estado</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Todos</translation>
    </message>
    <message>
        <source>{word}: {number}</source>
        <translation>{word}: {number}</translation>
    </message>
</context>
<context>
    <name>StateWords</name>
    <message>
        <source>Results, words and names are not encrypted.</source>
        <translation>Los resultados, las palabras y los nombres no están cifrados.</translation>
    </message>
    <message>
        <source>Results, words and names are encrypted. This account&apos;s keyring opens them.</source>
        <translation>Los resultados, las palabras y los nombres están cifrados. Los abre el llavero de esta cuenta.</translation>
    </message>
    <message>
        <source>Results, words and names are encrypted. The passphrase and this account&apos;s keyring open them together.</source>
        <translation>Los resultados, las palabras y los nombres están cifrados. Los abren juntos la frase de contraseña y el llavero de esta cuenta.</translation>
    </message>
    <message>
        <source>Results, words and names are encrypted. The passphrase opens them.</source>
        <translation>Los resultados, las palabras y los nombres están cifrados. Los abre la frase de contraseña.</translation>
    </message>
    <message>
        <source>Earlier results are being encrypted; you can go on working.</source>
        <translation>Se están cifrando los resultados anteriores; puede seguir trabajando.</translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message numerus="yes">
        <source>%Ln retrying</source>
        <translation>
            <numerusform>%Ln en reintento</numerusform>
            <numerusform>%Ln en reintento</numerusform>
        </translation>
    </message>
    <message>
        <source>Loading the list…</source>
        <translation>Cargando la lista…</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>faltan {time}</translation>
    </message>
    <message>
        <source>calculating the time left…</source>
        <translation>calculando el tiempo restante…</translation>
    </message>
    <message>
        <source>Jobs</source>
        <translation>Trabajos</translation>
    </message>
    <message>
        <source>Workers</source>
        <translation>Procesos</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Iniciando…</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>En pausa</translation>
    </message>
    <message numerus="yes">
        <source>%Ln running</source>
        <translation>
            <numerusform>%Ln en curso</numerusform>
            <numerusform>%Ln en curso</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln waiting</source>
        <translation>
            <numerusform>%Ln en espera</numerusform>
            <numerusform>%Ln en espera</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln failed</source>
        <translation>
            <numerusform>%Ln fallido</numerusform>
            <numerusform>%Ln fallidos</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln completed</source>
        <translation>
            <numerusform>%Ln completado</numerusform>
            <numerusform>%Ln completados</numerusform>
        </translation>
    </message>
    <message>
        <source>No workers</source>
        <translation>Sin procesos</translation>
    </message>
    <message>
        <source>Workers are starting…</source>
        <translation>Los procesos están arrancando…</translation>
    </message>
    <message>
        <source>Workers: {idle} of {all} idle</source>
        <translation>Procesos: {idle} de {all} libres</translation>
    </message>
    <message>
        <source>On the server {name}</source>
        <translation>En el servidor {name}</translation>
    </message>
</context>
<context>
    <name>TargetsPage</name>
    <message>
        <source>Service target</source>
        <translation>Objetivo de servicio</translation>
    </message>
    <message>
        <source>Target</source>
        <translation>Objetivo</translation>
    </message>
    <message>
        <source>Time span</source>
        <translation>Periodo</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Historial</translation>
    </message>
    <message>
        <source>Targets</source>
        <translation>Objetivos</translation>
    </message>
</context>
<context>
    <name>TemplateField</name>
    <message>
        <source>None</source>
        <translation>Ninguna</translation>
    </message>
</context>
<context>
    <name>TemplateMenu</name>
    <message>
        <source>&amp;Template</source>
        <translation>&amp;Plantilla</translation>
    </message>
    <message>
        <source>&amp;None</source>
        <translation>&amp;Ninguna</translation>
    </message>
    <message>
        <source>{name} (missing)</source>
        <translation>{name} (falta)</translation>
    </message>
    <message>
        <source>Open the &amp;folder of templates</source>
        <translation>Abrir la &amp;carpeta de plantillas</translation>
    </message>
</context>
<context>
    <name>TermsField</name>
    <message>
        <source>One per line</source>
        <translation>Uno por línea</translation>
    </message>
</context>
<context>
    <name>TextEditor</name>
    <message>
        <source>Text of the segment</source>
        <translation>Texto del segmento</translation>
    </message>
</context>
<context>
    <name>TextPanel</name>
    <message>
        <source>&amp;Find…</source>
        <translation>&amp;Buscar…</translation>
    </message>
    <message>
        <source>Find &amp;next</source>
        <translation>Buscar &amp;siguiente</translation>
    </message>
    <message>
        <source>Find &amp;previous</source>
        <translation>Buscar &amp;anterior</translation>
    </message>
    <message>
        <source>&amp;Replace…</source>
        <translation>&amp;Reemplazar…</translation>
    </message>
    <message numerus="yes">
        <source>%Ln replaced</source>
        <translation>
            <numerusform>%Ln reemplazo</numerusform>
            <numerusform>%Ln reemplazos</numerusform>
        </translation>
    </message>
    <message>
        <source>What was said</source>
        <translation>Qué se dijo</translation>
    </message>
    <message>
        <source>Find in the text</source>
        <translation>Buscar en el texto</translation>
    </message>
</context>
<context>
    <name>TokenPanel</name>
    <message>
        <source>The token is saved in this computer&apos;s keyring; without a keyring, it is used once and not saved. It is sent to huggingface.co only. Your recordings are never sent anywhere.</source>
        <translation>El token se guarda en el llavero de esta computadora; si no hay llavero, se usa una sola vez y no se guarda. Solo se envía a huggingface.co. Sus grabaciones nunca se envían a ningún lado.</translation>
    </message>
    <message>
        <source>Sign in and accept the conditions of {pages}.</source>
        <translation>Inicie sesión y acepte las condiciones de {pages}.</translation>
    </message>
    <message>
        <source>Create an access token with read permission: {page}.</source>
        <translation>Cree un token de acceso con permiso de lectura: {page}.</translation>
    </message>
    <message>
        <source>Paste it here. About {size} will then be downloaded from huggingface.co.</source>
        <translation>Péguelo aquí. Después se descargarán unos {size} de huggingface.co.</translation>
    </message>
    <message>
        <source>What to do</source>
        <translation>Qué hacer</translation>
    </message>
    <message>
        <source>hf_…</source>
        <translation>hf_…</translation>
    </message>
    <message>
        <source>Hugging Face token</source>
        <translation>Token de Hugging Face</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Descargar</translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>Ahora no</translation>
    </message>
    <message>
        <source>{title} needs a free Hugging Face account</source>
        <translation>{title} requiere una cuenta gratuita de Hugging Face</translation>
    </message>
</context>
<context>
    <name>ToolBar</name>
    <message>
        <source>Add recordings</source>
        <translation>Agregar grabaciones</translation>
    </message>
    <message>
        <source>Add a folder</source>
        <translation>Agregar una carpeta</translation>
    </message>
    <message>
        <source>Toolbar</source>
        <translation>Barra de herramientas</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Más</translation>
    </message>
</context>
<context>
    <name>TrayIcon</name>
    <message>
        <source>Stop and quit</source>
        <translation>Detener y salir</translation>
    </message>
    <message>
        <source>Show fi-desktop</source>
        <translation>Mostrar fi-desktop</translation>
    </message>
    <message>
        <source>Pause the queue</source>
        <translation>Pausar la cola</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>En pausa</translation>
    </message>
    <message>
        <source>{percent} % done</source>
        <translation>{percent} % hecho</translation>
    </message>
    <message numerus="yes">
        <source>%Ln running</source>
        <translation>
            <numerusform>%Ln en curso</numerusform>
            <numerusform>%Ln en curso</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln waiting</source>
        <translation>
            <numerusform>%Ln en espera</numerusform>
            <numerusform>%Ln en espera</numerusform>
        </translation>
    </message>
    <message>
        <source>fi-desktop: {state}</source>
        <translation>fi-desktop: {state}</translation>
    </message>
    <message>
        <source>Resume the queue</source>
        <translation>Reanudar la cola</translation>
    </message>
</context>
<context>
    <name>TurnsController</name>
    <message>
        <source>Split at the moment that is heard</source>
        <translation>Dividir en el momento que se escucha</translation>
    </message>
    <message>
        <source>Play or pause</source>
        <translation>Reproducir o pausar</translation>
    </message>
    <message>
        <source>Play from here</source>
        <translation>Reproducir desde aquí</translation>
    </message>
    <message>
        <source>Split at {time}</source>
        <translation>Dividir en {time}</translation>
    </message>
</context>
<context>
    <name>TurnsModel</name>
    <message>
        <source>From</source>
        <translation>Desde</translation>
    </message>
    <message>
        <source>To</source>
        <translation>Hasta</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Duración</translation>
    </message>
    <message>
        <source>Speaker</source>
        <translation>Hablante</translation>
    </message>
</context>
<context>
    <name>TurnsTable</name>
    <message>
        <source>Turns</source>
        <translation>Intervenciones</translation>
    </message>
</context>
<context>
    <name>UiLabels</name>
    <message>
        <source>Entered by hand</source>
        <translation>Escrita a mano</translation>
    </message>
    <message>
        <source>By the file name</source>
        <translation>Según el nombre del archivo</translation>
    </message>
    <message>
        <source>By the recorder</source>
        <translation>Según la grabadora</translation>
    </message>
    <message>
        <source>When the file was last changed</source>
        <translation>Último cambio del archivo</translation>
    </message>
    <message>
        <source>Date unknown</source>
        <translation>Fecha desconocida</translation>
    </message>
    <message>
        <source>General practice</source>
        <translation>Medicina general</translation>
    </message>
    <message>
        <source>Cardiology</source>
        <translation>Cardiología</translation>
    </message>
    <message>
        <source>Diabetes and endocrinology</source>
        <translation>Diabetes y endocrinología</translation>
    </message>
    <message>
        <source>Psychiatry</source>
        <translation>Psiquiatría</translation>
    </message>
    <message>
        <source>Pediatrics</source>
        <translation>Pediatría</translation>
    </message>
    <message>
        <source>Oncology</source>
        <translation>Oncología</translation>
    </message>
    <message>
        <source>Numbers as transcribed</source>
        <translation>Números como se transcriben</translation>
    </message>
    <message>
        <source>Numbers in digits (40 mg)</source>
        <translation>Números con cifras (40 mg)</translation>
    </message>
    <message>
        <source>Numbers in words</source>
        <translation>Números con palabras</translation>
    </message>
    <message>
        <source>Draft</source>
        <translation>Borrador</translation>
    </message>
    <message>
        <source>Reviewed</source>
        <translation>Revisado</translation>
    </message>
    <message>
        <source>Signed</source>
        <translation>Firmado</translation>
    </message>
    <message>
        <source>Waiting for mains power</source>
        <translation>En espera de corriente eléctrica</translation>
    </message>
    <message>
        <source>Waiting until {time}</source>
        <translation>En espera hasta las {time}</translation>
    </message>
    <message numerus="yes">
        <source>Process again with %Ln speaker(s)</source>
        <translation>
            <numerusform>Procesar de nuevo con %Ln hablante</numerusform>
            <numerusform>Procesar de nuevo con %Ln hablantes</numerusform>
        </translation>
    </message>
    <message>
        <source>Another job in the list has this recording and these options.</source>
        <translation>Otro trabajo de la lista tiene esta grabación y estas opciones.</translation>
    </message>
    <message>
        <source>This recording is being processed.</source>
        <translation>Esta grabación se está procesando.</translation>
    </message>
    <message>
        <source>Detect automatically</source>
        <translation>Detectar</translation>
    </message>
    <message>
        <source>Low</source>
        <translation>Baja</translation>
    </message>
    <message>
        <source>Automatic (best installed)</source>
        <translation>Automático (el mejor instalado)</translation>
    </message>
    <message>
        <source>Built-in</source>
        <translation>Integrado</translation>
    </message>
    <message>
        <source>pyannote (requires its model)</source>
        <translation>pyannote (requiere su modelo)</translation>
    </message>
    <message>
        <source>None (only who spoke when)</source>
        <translation>Ninguno (solo quién habló y cuándo)</translation>
    </message>
    <message>
        <source>Identifying speakers</source>
        <translation>Identificando hablantes</translation>
    </message>
    <message>
        <source>Transcribing</source>
        <translation>Transcribiendo</translation>
    </message>
    <message>
        <source>Returned to the queue when the program stopped</source>
        <translation>Devuelto a la cola al detenerse el programa</translation>
    </message>
    <message>
        <source>Retrying</source>
        <translation>En reintento</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Iniciando</translation>
    </message>
    <message>
        <source>Finding speech</source>
        <translation>Detectando voz</translation>
    </message>
    <message>
        <source>Trying again in {wait}</source>
        <translation>Nuevo intento en {wait}</translation>
    </message>
    <message>
        <source>The voices are fairly different: worth a quick check.</source>
        <translation>Las voces se distinguen bastante bien: vale la pena una revisión rápida.</translation>
    </message>
    <message>
        <source>The earlier result is still there.</source>
        <translation>El resultado anterior sigue ahí.</translation>
    </message>
    <message>
        <source>The earlier result stays until the new one is ready.</source>
        <translation>El resultado anterior se conserva hasta que el nuevo esté listo.</translation>
    </message>
    <message>
        <source>Worker {number}</source>
        <translation>Proceso {number}</translation>
    </message>
    <message>
        <source>This program</source>
        <translation>Este programa</translation>
    </message>
    <message>
        <source>GPU {number}</source>
        <translation>GPU {number}</translation>
    </message>
    <message>
        <source>Processor</source>
        <translation>Procesador</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>En espera</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>En curso</translation>
    </message>
    <message>
        <source>Completed</source>
        <translation>Completado</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fallido</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>Cancelado</translation>
    </message>
    <message>
        <source>Cancelling…</source>
        <translation>Cancelando…</translation>
    </message>
    <message>
        <source>Reading the file</source>
        <translation>Leyendo el archivo</translation>
    </message>
    <message>
        <source>Finishing</source>
        <translation>Terminando</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Claro</translation>
    </message>
    <message>
        <source>Fair</source>
        <translation>Aceptable</translation>
    </message>
    <message>
        <source>Please check</source>
        <translation>Conviene revisar</translation>
    </message>
    <message>
        <source>The voices are clearly different.</source>
        <translation>Las voces se distinguen con claridad.</translation>
    </message>
    <message>
        <source>just now</source>
        <translation>ahora mismo</translation>
    </message>
    <message>
        <source>{number} min ago</source>
        <translation>hace {number} min</translation>
    </message>
    <message>
        <source>{number} h ago</source>
        <translation>hace {number} h</translation>
    </message>
    <message>
        <source>The worker stopped unexpectedly</source>
        <translation>El proceso se detuvo de forma inesperada</translation>
    </message>
    <message>
        <source>Server</source>
        <translation>Servidor</translation>
    </message>
    <message>
        <source>Unknown</source>
        <translation>Desconocido</translation>
    </message>
    <message>
        <source>{languages} and {last}</source>
        <comment>the name of the last one starts with I or Hi</comment>
        <translation>{languages} e {last}</translation>
    </message>
    <message>
        <source>{languages} and {last}</source>
        <translation>{languages} y {last}</translation>
    </message>
    <message>
        <source>Urgent</source>
        <translation>Urgente</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>Normal</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automático</translation>
    </message>
    <message>
        <source>One speaker per channel</source>
        <translation>Un hablante por canal</translation>
    </message>
    <message>
        <source>Whisper</source>
        <translation>Whisper</translation>
    </message>
    <message>
        <source>Speakers missing</source>
        <translation>Sin hablantes</translation>
    </message>
    <message>
        <source>Retry {number}/{retries} in {wait}</source>
        <translation>Reintento {number}/{retries} en {wait}</translation>
    </message>
    <message>
        <source>Waiting for its next attempt</source>
        <translation>En espera de su próximo intento</translation>
    </message>
</context>
<context>
    <name>UndoableLabels</name>
    <message>
        <source>Nothing to change</source>
        <translation>No hay nada que cambiar</translation>
    </message>
    <message numerus="yes">
        <source>Case of %Ln recording(s) changed</source>
        <translation>
            <numerusform>Se cambió el caso de %Ln grabación</numerusform>
            <numerusform>Se cambió el caso de %Ln grabaciones</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Date of %Ln recording(s) changed</source>
        <translation>
            <numerusform>Se cambió la fecha de %Ln grabación</numerusform>
            <numerusform>Se cambió la fecha de %Ln grabaciones</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Case and date of %Ln recording(s) changed</source>
        <translation>
            <numerusform>Se cambiaron el caso y la fecha de %Ln grabación</numerusform>
            <numerusform>Se cambiaron el caso y la fecha de %Ln grabaciones</numerusform>
        </translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Deshacer</translation>
    </message>
</context>
<context>
    <name>UndoableRemoval</name>
    <message numerus="yes">
        <source>%Ln recording(s) removed</source>
        <translation>
            <numerusform>%Ln grabación quitada</numerusform>
            <numerusform>%Ln grabaciones quitadas</numerusform>
        </translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Deshacer</translation>
    </message>
    <message numerus="yes">
        <source>%Ln recording(s) started meanwhile and stayed</source>
        <translation>
            <numerusform>%Ln grabación empezó entretanto y se quedó</numerusform>
            <numerusform>%Ln grabaciones empezaron entretanto y se quedaron</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>UndoableRetry</name>
    <message>
        <source>Retry</source>
        <translation>Reintentar</translation>
    </message>
    <message numerus="yes">
        <source>Process %Ln finished recording(s) again?</source>
        <translation>
            <numerusform>¿Procesar de nuevo %Ln grabación terminada?</numerusform>
            <numerusform>¿Procesar de nuevo %Ln grabaciones terminadas?</numerusform>
        </translation>
    </message>
    <message>
        <source>Each keeps its result until the new one is ready. This may take a long time.</source>
        <translation>Cada una conserva su resultado hasta que el nuevo esté listo. Puede tardar mucho.</translation>
    </message>
    <message>
        <source>Process again</source>
        <translation>Procesar de nuevo</translation>
    </message>
    <message numerus="yes">
        <source>Only the %Ln without a result</source>
        <translation>
            <numerusform>Solo la %Ln sin resultado</numerusform>
            <numerusform>Solo las %Ln sin resultado</numerusform>
        </translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message numerus="yes">
        <source>Processing %Ln finished recording(s) again</source>
        <translation>
            <numerusform>%Ln grabación terminada se procesará de nuevo</numerusform>
            <numerusform>%Ln grabaciones terminadas se procesarán de nuevo</numerusform>
        </translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Deshacer</translation>
    </message>
</context>
<context>
    <name>UnlockDialog</name>
    <message>
        <source>Your results are encrypted</source>
        <translation>Sus resultados están cifrados</translation>
    </message>
    <message>
        <source>Use a recovery key…</source>
        <translation>Usar una llave de recuperación…</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Reintentar</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Salir</translation>
    </message>
    <message>
        <source>Enter the passphrase to open them.</source>
        <translation>Escriba la frase de contraseña para abrirlos.</translation>
    </message>
    <message>
        <source>Passphrase</source>
        <translation>Frase de contraseña</translation>
    </message>
    <message>
        <source>This is not the passphrase.</source>
        <translation>Esta no es la frase de contraseña.</translation>
    </message>
    <message>
        <source>This is not the passphrase. Try again in {seconds} s.</source>
        <translation>Esta no es la frase de contraseña. Vuelva a intentarlo en {seconds} s.</translation>
    </message>
    <message>
        <source>Enter the recovery key: one line that begins with AGE-SECRET-KEY-1. Afterwards you choose what unlocks your results from then on.</source>
        <translation>Escriba la llave de recuperación: una línea que empieza con AGE-SECRET-KEY-1. Después usted elige con qué se desbloquearán sus resultados.</translation>
    </message>
    <message>
        <source>Recovery key</source>
        <translation>Llave de recuperación</translation>
    </message>
    <message>
        <source>This is not a recovery key of these results.</source>
        <translation>Esta no es una llave de recuperación de estos resultados.</translation>
    </message>
    <message>
        <source>This is not a recovery key of these results. Try again in {seconds} s.</source>
        <translation>Esta no es una llave de recuperación de estos resultados. Vuelva a intentarlo en {seconds} s.</translation>
    </message>
</context>
<context>
    <name>UnlockForm</name>
    <message>
        <source>Unlock</source>
        <translation>Desbloquear</translation>
    </message>
</context>
<context>
    <name>UpdateNotice</name>
    <message>
        <source>Version {version} is available.</source>
        <translation>Está disponible la versión {version}.</translation>
    </message>
    <message>
        <source>Open in the browser</source>
        <translation>Abrir en el navegador</translation>
    </message>
</context>
<context>
    <name>VersionBox</name>
    <message>
        <source>Version</source>
        <translation>Versión</translation>
    </message>
    <message>
        <source>Show another version of this result</source>
        <translation>Mostrar otra versión de este resultado</translation>
    </message>
    <message>
        <source>Version {number} of {total}</source>
        <translation>Versión {number} de {total}</translation>
    </message>
    <message>
        <source>Version {number} of {total} (current)</source>
        <translation>Versión {number} de {total} (actual)</translation>
    </message>
    <message>
        <source>made {moment}</source>
        <translation>creada {moment}</translation>
    </message>
    <message numerus="yes">
        <source>%Ln speaker(s)</source>
        <translation>
            <numerusform>%Ln hablante</numerusform>
            <numerusform>%Ln hablantes</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>VocabularyDialog</name>
    <message>
        <source>Drugs, tests and abbreviations of:</source>
        <translation>Fármacos, estudios y abreviaturas de:</translation>
    </message>
    <message>
        <source>&amp;Drug names, places or people in the recordings, one per line:</source>
        <translation>&amp;Nombres de fármacos, lugares o personas en las grabaciones, uno por línea:</translation>
    </message>
    <message>
        <source>Terms of a list are only written where something similar was heard. If none is chosen, all lists of the program are used.</source>
        <translation>Los términos de una lista solo se escriben donde se oyó algo parecido. Si no elige ninguna, se usan todas las listas del programa.</translation>
    </message>
    <message>
        <source>Vocabulary</source>
        <translation>Vocabulario</translation>
    </message>
    <message>
        <source>One per line</source>
        <translation>Uno por línea</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Use these words</source>
        <translation>Usar estas palabras</translation>
    </message>
</context>
<context>
    <name>WatchController</name>
    <message numerus="yes">
        <source>%Ln recording(s) added from watched folders.</source>
        <translation>
            <numerusform>%Ln grabación agregada de carpetas vigiladas.</numerusform>
            <numerusform>%Ln grabaciones agregadas de carpetas vigiladas.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WatchIndicator</name>
    <message numerus="yes">
        <source>%Ln folder(s) watched</source>
        <translation>
            <numerusform>%Ln carpeta vigilada</numerusform>
            <numerusform>%Ln carpetas vigiladas</numerusform>
        </translation>
    </message>
    <message>
        <source>{number} of {all}</source>
        <translation>{number} de {all}</translation>
    </message>
</context>
<context>
    <name>WatchedFolderLabels</name>
    <message numerus="yes">
        <source>%Ln folder(s) cannot be read</source>
        <translation>
            <numerusform>no se puede leer %Ln carpeta</numerusform>
            <numerusform>no se pueden leer %Ln carpetas</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln still being written</source>
        <translation>
            <numerusform>%Ln aún se está escribiendo</numerusform>
            <numerusform>%Ln aún se están escribiendo</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln cannot be opened</source>
        <translation>
            <numerusform>%Ln no se puede abrir</numerusform>
            <numerusform>%Ln no se pueden abrir</numerusform>
        </translation>
    </message>
    <message>
        <source>last {moment}</source>
        <translation>la última, {moment}</translation>
    </message>
    <message>
        <source>Scanning for the first time…</source>
        <translation>Revisando por primera vez…</translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) of other types skipped ({kinds})</source>
        <translation>
            <numerusform>%Ln archivo de otro tipo omitido ({kinds})</numerusform>
            <numerusform>%Ln archivos de otros tipos omitidos ({kinds})</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln added</source>
        <translation>
            <numerusform>%Ln agregada</numerusform>
            <numerusform>%Ln agregadas</numerusform>
        </translation>
    </message>
    <message>
        <source>The watched folder “{name}” is not available. It will be checked again.</source>
        <translation>La carpeta vigilada “{name}” no está disponible. Se revisará de nuevo.</translation>
    </message>
    <message>
        <source>The watched folder “{name}” cannot be read: {reason}.</source>
        <translation>La carpeta vigilada “{name}” no se puede leer: {reason}.</translation>
    </message>
    <message>
        <source>The watched folder “{name}”: {reason}</source>
        <translation>La carpeta vigilada “{name}”: {reason}</translation>
    </message>
    <message>
        <source>Watching</source>
        <translation>Vigilando</translation>
    </message>
    <message>
        <source>Not available</source>
        <translation>No disponible</translation>
    </message>
    <message>
        <source>Watching; recordings cannot be added now</source>
        <translation>Vigilando; por ahora no se pueden agregar grabaciones</translation>
    </message>
    <message>
        <source>Cannot be read ({reason})</source>
        <translation>No se puede leer ({reason})</translation>
    </message>
</context>
<context>
    <name>WatchedFoldersDialog</name>
    <message>
        <source>Watched folders</source>
        <translation>Carpetas vigiladas</translation>
    </message>
    <message>
        <source>&amp;Profile</source>
        <translation>&amp;Perfil</translation>
    </message>
    <message>
        <source>New recordings in these folders are added once they are complete. The files stay there.</source>
        <translation>Las grabaciones nuevas en estas carpetas se agregan cuando están completas. Los archivos se quedan ahí.</translation>
    </message>
    <message>
        <source>Include &amp;subfolders</source>
        <translation>Incluir &amp;subcarpetas</translation>
    </message>
    <message>
        <source>Profile for recordings from this folder</source>
        <translation>Perfil para las grabaciones de esta carpeta</translation>
    </message>
    <message>
        <source>&amp;Add folder…</source>
        <translation>&amp;Agregar carpeta…</translation>
    </message>
    <message>
        <source>&amp;Remove</source>
        <translation>&amp;Quitar</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Listo</translation>
    </message>
    <message>
        <source>Options chosen in the window</source>
        <translation>Opciones elegidas en la ventana</translation>
    </message>
    <message>
        <source>As the profile says</source>
        <translation>Como indica el perfil</translation>
    </message>
    <message numerus="yes">
        <source>Add the %Ln recording(s) already in this folder?</source>
        <translation>
            <numerusform>¿Agregar la grabación que ya está en esta carpeta?</numerusform>
            <numerusform>¿Agregar las %Ln grabaciones que ya están en esta carpeta?</numerusform>
        </translation>
    </message>
    <message>
        <source>New recordings will be added in any case.</source>
        <translation>Las grabaciones nuevas se agregarán en cualquier caso.</translation>
    </message>
    <message>
        <source>Add them</source>
        <translation>Agregarlas</translation>
    </message>
    <message>
        <source>Watch a folder</source>
        <translation>Vigilar una carpeta</translation>
    </message>
    <message>
        <source>E&amp;xport…</source>
        <translation>E&amp;xportar…</translation>
    </message>
    <message>
        <source>Only new ones</source>
        <translation>Solo las nuevas</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
</context>
<context>
    <name>WelcomeDialog</name>
    <message>
        <source>Measuring the speed of this computer…</source>
        <translation>Midiendo la velocidad de esta computadora…</translation>
    </message>
    <message>
        <source>Install…</source>
        <translation>Instalar…</translation>
    </message>
    <message>
        <source>Words</source>
        <translation>Palabras</translation>
    </message>
    <message numerus="yes">
        <source>{title} ({size}): about %Ln minute(s) per hour of recording on this computer.</source>
        <translation>
            <numerusform>{title} ({size}): alrededor de %Ln minuto por hora de grabación en esta computadora.</numerusform>
            <numerusform>{title} ({size}): alrededor de %Ln minutos por hora de grabación en esta computadora.</numerusform>
        </translation>
    </message>
    <message>
        <source>Install {title}</source>
        <translation>Instalar {title}</translation>
    </message>
    <message>
        <source>No usable graphics card was found; the processor does the work.</source>
        <translation>No se encontró una tarjeta gráfica compatible; el procesador hace el trabajo.</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>Comprobando…</translation>
    </message>
    <message>
        <source>Try a sample</source>
        <translation>Probar un ejemplo</translation>
    </message>
    <message>
        <source>A short conversation between two people, included with the program</source>
        <translation>Una conversación breve entre dos personas, incluida con el programa</translation>
    </message>
    <message>
        <source>Get started</source>
        <translation>Comenzar</translation>
    </message>
    <message>
        <source>Encryption</source>
        <translation>Cifrado</translation>
    </message>
    <message>
        <source>This computer</source>
        <translation>Esta computadora</translation>
    </message>
    <message>
        <source>Drop recordings on the window to see who spoke when.</source>
        <translation>Suelte grabaciones en la ventana para ver quién habló y cuándo.</translation>
    </message>
    <message>
        <source>Recordings are sent to your clinic&apos;s server, encrypted. They stay where they are, and results are stored in your data folder.</source>
        <translation>Las grabaciones se envían cifradas al servidor de su clínica. Se quedan donde están y los resultados se guardan en su carpeta de datos.</translation>
    </message>
    <message>
        <source>Nothing leaves this computer. Recordings stay where they are, and results are stored in your data folder.</source>
        <translation>Nada sale de esta computadora. Las grabaciones se quedan donde están y los resultados se guardan en su carpeta de datos.</translation>
    </message>
    <message>
        <source>A graphics card speeds up processing.</source>
        <translation>Una tarjeta gráfica acelera el procesamiento.</translation>
    </message>
    <message>
        <source>The built-in engine identifies speakers.</source>
        <translation>El motor integrado identifica a los hablantes.</translation>
    </message>
    <message>
        <source>{models} or the built-in engine identifies speakers.</source>
        <translation>{models} o el motor integrado identifica a los hablantes.</translation>
    </message>
    <message>
        <source>No transcription model is installed yet.</source>
        <translation>Aún no hay ningún modelo de transcripción instalado.</translation>
    </message>
    <message>
        <source>{models} transcribes what is said.</source>
        <translation>{models} transcribe lo que se dice.</translation>
    </message>
    <message>
        <source>Welcome</source>
        <translation>Bienvenida</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Idioma</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Mostrar en la carpeta</translation>
    </message>
    <message>
        <source>Models…</source>
        <translation>Modelos…</translation>
    </message>
    <message>
        <source>Your data</source>
        <translation>Sus datos</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelos</translation>
    </message>
    <message>
        <source>Welcome to fi-desktop</source>
        <translation>Le damos la bienvenida a fi-desktop</translation>
    </message>
</context>
<context>
    <name>WorkerActions</name>
    <message>
        <source>Its recording returns to the queue and continues there; no attempt is used up</source>
        <translation>Su grabación vuelve a la cola y continúa desde allí; no se gasta ningún intento</translation>
    </message>
    <message>
        <source>A new worker replaces it after the current recording</source>
        <translation>Un proceso nuevo lo reemplaza después de la grabación actual</translation>
    </message>
    <message>
        <source>Removes this worker after the current recording</source>
        <translation>Quita este proceso después de la grabación actual</translation>
    </message>
    <message>
        <source>Replace after this recording</source>
        <translation>Reemplazar después de esta grabación</translation>
    </message>
    <message>
        <source>Stop after this recording</source>
        <translation>Detener después de esta grabación</translation>
    </message>
    <message>
        <source>Restart now</source>
        <translation>Reiniciar ahora</translation>
    </message>
</context>
<context>
    <name>WorkersModel</name>
    <message>
        <source>Percent of one core, over the last minute</source>
        <translation>Porcentaje de un núcleo, durante el último minuto</translation>
    </message>
    <message>
        <source>As reported by the GPU driver</source>
        <translation>Según el controlador de la GPU</translation>
    </message>
    <message>
        <source>Attempts that succeeded</source>
        <translation>Intentos completados</translation>
    </message>
    <message>
        <source>Uptime</source>
        <translation>Activo</translation>
    </message>
    <message>
        <source>Time since the process started</source>
        <translation>Tiempo desde que se inició el proceso</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Listas</translation>
    </message>
    <message>
        <source>Attempts that ended in an error</source>
        <translation>Intentos que terminaron en error</translation>
    </message>
    <message>
        <source>Worker</source>
        <translation>Proceso</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Estado</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Grabación</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Memoria</translation>
    </message>
    <message>
        <source>Resident memory</source>
        <translation>Memoria residente</translation>
    </message>
    <message>
        <source>GPU memory</source>
        <translation>Memoria GPU</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Errores</translation>
    </message>
    <message>
        <source>Heard</source>
        <translation>Señal</translation>
    </message>
    <message>
        <source>Time since its last message, while it works</source>
        <translation>Tiempo desde su último mensaje, mientras trabaja</translation>
    </message>
</context>
<context>
    <name>WorkersPanel</name>
    <message>
        <source>Remove a worker</source>
        <translation>Quitar un proceso</translation>
    </message>
    <message>
        <source>Removes the last one after its current recording</source>
        <translation>Quita el último después de su grabación actual</translation>
    </message>
    <message>
        <source>Add a worker</source>
        <translation>Agregar un proceso</translation>
    </message>
    <message>
        <source>At most {number}, one per processor core</source>
        <translation>Como máximo {number}, uno por núcleo del procesador</translation>
    </message>
    <message numerus="yes">
        <source>%Ln worker(s)</source>
        <translation>
            <numerusform>%Ln proceso</numerusform>
            <numerusform>%Ln procesos</numerusform>
        </translation>
    </message>
    <message>
        <source>Each works on one recording at a time.</source>
        <translation>Cada uno procesa una grabación a la vez.</translation>
    </message>
</context>
<context>
    <name>WorkersTable</name>
    <message>
        <source>Workers</source>
        <translation>Procesos</translation>
    </message>
</context>
</TS>
